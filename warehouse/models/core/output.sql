-- One row per output that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('output', not_yet=['delivered_date', 'accepted_date']) }}
