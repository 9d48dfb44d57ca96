-- One row per project and date: what was planned to be spent and to come then, in the reporting currency.
-- 3-benefits.md, 3.7: benefits as promised, by the project's share in them, harm negatively; a benefit that the project has no
-- part in is none of its flows. A sum of which a part that is not nothing could not be converted is unknown.
{{ project_flow('planned', ref('promised_amount'), 'planned_amount', 'is_promised_intermediate') }}
