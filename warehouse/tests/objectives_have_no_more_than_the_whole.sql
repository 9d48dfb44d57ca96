-- What is divided over the objectives is divided once: no project or benefit is counted for more than itself (3-benefits.md, 3.7).
select
    subject_type,
    subject_id,
    sum(part) as parts
from {{ ref('objective_part') }}
group by subject_type, subject_id
having abs(sum(part) - 1) > 1e-9
