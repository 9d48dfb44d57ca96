{{ config(materialized='view') }}
-- One row per KPI, dimension and period that has ended by `as_of` and holds a used reading: period_figure, named.
{{ named_periods(ref('period_figure')) }}
