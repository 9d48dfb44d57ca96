-- One row per gap code that is not in all three: a line of the catalogue, a model in models/gaps, a part of open_gap.
-- depends_on: {{ ref('open_gap') }}
with catalogue as (
    select lower(gap_code) as code from {{ ref('gap_catalogue') }}
),

models as (
    {{ code_rows(gap_models()) }}
),

united as (
    {{ code_rows(united_gap_models()) }}
)

select
    coalesce(catalogue.code, models.code, united.code) as code,
    catalogue.code is not null as has_catalogue_line,
    models.code is not null as has_model,
    united.code is not null as is_in_open_gap
from catalogue
full outer join models on catalogue.code = models.code
full outer join united on coalesce(catalogue.code, models.code) = united.code
where catalogue.code is null or models.code is null or united.code is null
