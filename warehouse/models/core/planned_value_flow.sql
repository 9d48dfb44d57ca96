{{ config(materialized='view') }}
-- One row per scope_number (of value_member) and date: costs and benefits as planned, as of then and at present value.
-- 3-benefits.md, 3.7: discounted by the schedule in force on the base date, at each flow's date. A view: it is large, and read once.
{{ value_flow('planned') }}
