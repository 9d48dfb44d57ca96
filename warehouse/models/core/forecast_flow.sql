-- One row per project and date: what is forecast, or was measured, to be spent and to come then, in the reporting currency.
-- 3-benefits.md, 3.7: benefits by the project's share in them, harm negatively; a benefit that the project has no part in is
-- none of its flows. A sum of which a part that is not nothing could not be converted is unknown.
{{ project_flow('forecast', ref('benefit_outlook'), 'amount', 'is_intermediate') }}
