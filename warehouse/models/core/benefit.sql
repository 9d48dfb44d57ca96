-- One row per benefit that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('benefit', not_yet=['verified_date']) }}
