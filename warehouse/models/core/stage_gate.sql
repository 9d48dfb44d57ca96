-- One row per stage gate that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('stage_gate', not_yet=['actual_date']) }}
