{{ config(materialized='view') }}
-- One row per project, basis (planned, forecast) and date: costs and benefits. A view of both, which are apart so that what is
-- planned is not made anew whenever something was measured.
select 'planned' as basis, planned_flow.* from {{ ref('planned_flow') }} as planned_flow
union all
select 'forecast' as basis, forecast_flow.* from {{ ref('forecast_flow') }} as forecast_flow
