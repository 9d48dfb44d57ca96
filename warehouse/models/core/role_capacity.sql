-- One row per role capacity that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('role_capacity') }}
