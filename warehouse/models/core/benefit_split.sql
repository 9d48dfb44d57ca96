{{ config(materialized='view') }}
-- One row per benefit and KPI period, from the one holding start_date to its end or the last that counts.
-- 3-benefits.md, 3.5: whose the gap is, in KPI units and money; 3.6: beside it what can be put down to the change, and
-- what was claimed. Amounts of disbenefits carry no sign here: totals subtract. `value_scale` is the greatest of the KPI
-- values that the improvements are differences of: their last bits are noise relative to it. A view: every reader wants a
-- few of its columns.
{{ named_splits(ref('split_figure')) }}
