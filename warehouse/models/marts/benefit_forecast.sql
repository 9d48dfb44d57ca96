{{ config(materialized='view') }}
-- One row per benefit with a curve and future KPI period of its life.
-- 3-benefits.md, 3.7; worked out in core.benefit_outlook. A view: publishing makes it a table.
with outlook as (
    select * from {{ ref('benefit_outlook') }} where outlook = 'forecast'
),

final as (
    select
        outlook.benefit_id,
        outlook.period_start,
        outlook.period_end,
        {%- for figure in ['improvement', 'amount', 'amount_reporting'] %}
        outlook.p10_{{ figure }},
        outlook.{{ figure }} as p50_{{ figure }},
        outlook.p90_{{ figure }},
        {%- endfor %}
        benefit.currency,
        benefit_ratio.forecast_basis
    from outlook
    inner join {{ ref('benefit') }} as benefit on outlook.benefit_id = benefit.benefit_id
    inner join {{ ref('benefit_ratio') }} as benefit_ratio on outlook.benefit_id = benefit_ratio.benefit_id
)

select * from final
