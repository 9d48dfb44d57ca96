-- Nothing vanishes: every accepted reading that is current by `known_at` appears in core.kpi_reading (4-interfaces.md).
-- Counted in reading_figure, which is made of the same rows: what kpi_reading joins to these has at most one row for each.
with counted as (
    select
        (
            select count(*)
            from {{ ref('kpi_reading_version') }}
            where
                known_from <= {{ known_by() }}
                and (known_to is null or known_to > {{ known_by() }})
                and not is_closed
        ) as readings,
        (select count(*) from {{ ref('reading_figure') }}) as kept
)

select * from counted where readings <> kept
