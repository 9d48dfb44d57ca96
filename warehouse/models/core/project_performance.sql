-- One row per project with a status: the latest CPI and SPI that can be computed, the latest cost reported.
-- 3-benefits.md, 3.7: CPI = earned value ÷ actual cost, SPI = earned value ÷ planned value; null where that is zero.
{%- set measures = ['cpi', 'spi', 'actual_cost'] %}
with statuses as (
    select
        *,
        cast(earned_value as double) / nullif(cast(actual_cost as double), 0) as cpi,
        cast(earned_value as double) / nullif(cast(planned_value as double), 0) as spi
    from {{ ref('project_status') }}
),

projects as (
    select distinct project_id from statuses
),

{% for measure in measures -%}
latest_{{ measure }} as (
    select * from statuses
    where {{ measure }} is not null
    qualify row_number() over (partition by project_id order by status_date desc) = 1
),

{% endfor -%}
final as (
    select
        projects.project_id,
        {% for measure in measures -%}
        latest_{{ measure }}.{{ measure }},
        latest_{{ measure }}.status_date as {{ measure }}_date,
        latest_{{ measure }}._feed as {{ measure }}_feed,
        latest_{{ measure }}._batch_id as {{ measure }}_batch_id,
        latest_{{ measure }}._row as {{ measure }}_row,
        {% endfor -%}
        latest_spi.earned_value,
        latest_spi.planned_value
    from projects
    {% for measure in measures -%}
    left join latest_{{ measure }} on projects.project_id = latest_{{ measure }}.project_id
    {% endfor -%}
)

select * from final
