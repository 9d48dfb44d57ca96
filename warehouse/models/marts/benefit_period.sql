{{ config(materialized='view') }}
-- One row per benefit and KPI period, from the one holding start_date to the benefit's end or the last that counts.
-- 3-benefits.md, 3.5; worked out in core.benefit_split. A view: publishing makes it a table.
with final as (
    select {{ column_list(model.columns) }} from {{ ref('benefit_split') }}
)

select * from final
