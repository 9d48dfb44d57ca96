-- One row per benefit with a start and a known frequency, and KPI period of its life.
-- 3-benefits.md, 3.5: from the one holding start_date to the one holding its end, whatever `as_of` is.
{{ life_periods(ref('benefit_plan')) }}
