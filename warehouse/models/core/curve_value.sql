{{ config(materialized='view') }}
-- One row per benefit and KPI period of its life: the three curves, in KPI units; null for a benefit without a curve.
-- 3-benefits.md, 3.2: at the period's end for last, min and max; the exact mean over the period for mean and sum.
{{ curve_values(
    ref('life_period'), ref('benefit_plan'), ref('curve_segment'),
    {'planned_value': 'plan', 'rephased_value': 'rephased', 'reference_value': 'reference'}
) }}
