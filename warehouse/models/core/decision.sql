-- One row per decision that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('decision', happened_on='decided_on') }}
