-- One row per risk that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('risk', not_yet=['closed_date']) }}
