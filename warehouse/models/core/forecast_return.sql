-- One row per scope (project, programme, portfolio) and what is valued in it: its return as forecast.
-- 3-benefits.md, 3.7: NPV, BCR, ROI and payback; unknown where a part could not be converted, no cost is known, or benefits
-- are counted of a project of which none is.
{{ value_return('forecast') }}
