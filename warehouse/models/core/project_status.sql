-- One row per project status that is current as of `as_of` and `known_at` (3-benefits.md, first list).
{{ current_rows('project_status', happened_on='status_date') }}
