{{ config(materialized='view') }}
-- One row per benefit and KPI period of its life as promised: the planned amount, as promised.
-- 3-benefits.md, 3.7: that of today's plan where the promise is no other. A view: it is large, and read for few columns.
{%- set columns = ['benefit_id', 'period_start', 'period_end', 'currency', 'planned_amount', 'planned_amount_reporting'] %}
with final as (
    select {{ column_list(columns, 'benefit_schedule') }}
    from {{ ref('benefit_schedule') }} as benefit_schedule
    where benefit_schedule.benefit_id not in (select changed.benefit_id from {{ ref('changed_promise') }} as changed)
    union all
    select {{ column_list(columns, 'promised_schedule') }}
    from {{ ref('promised_schedule') }} as promised_schedule
)

select * from final
