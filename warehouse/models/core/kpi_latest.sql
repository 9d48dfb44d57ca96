-- One row per KPI and dimension with a measured period: the latest of them.
with figure as (
    {{ latest_measured(ref('period_figure'), 'series_number') }}
),

final as (
    {{ named_periods('figure') }}
)

select * from final
