-- Nothing vanishes: every accepted reading that is current by `known_at` appears in core.kpi_reading (4-interfaces.md).
with counted as (
    select
        (
            select count(*)
            from {{ ref('kpi_reading_version') }}
            where
                known_from <= {{ known_at() }}
                and (known_to is null or known_to > {{ known_at() }})
                and not is_closed
        ) as readings,
        (select count(*) from {{ ref('kpi_reading') }}) as kept
)

select * from counted where readings <> kept
