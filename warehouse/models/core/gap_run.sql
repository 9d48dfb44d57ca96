-- One row per gap open in the last recorded build: since when every recorded build has held it.
-- 3-benefits.md, 3.8; 4-interfaces.md, 'Builds'. Builds recorded after this one's as_of or known_at do not exist yet.
with builds as (
    select
        *,
        row_number() over (order by seq) as build_number
    from {{ source('meta', 'recorded_build') }}
    where as_of <= {{ as_of() }} and known_at <= {{ known_at() }}
),

held as (
    select distinct
        gaps.gap_id,
        builds.build_number,
        builds.as_of,
        -- Within one unbroken run, build_number and rank in the gap's own builds rise together.
        builds.build_number - dense_rank() over (partition by gaps.gap_id order by builds.build_number) as run
    from {{ source('meta', 'recorded_gap') }} as gaps
    inner join builds on gaps.seq = builds.seq
),

runs as (
    select
        gap_id,
        max(build_number) as last_build_number,
        min(as_of) as opened_on
    from held
    group by gap_id, run
),

final as (
    select
        gap_id,
        opened_on
    from runs
    where last_build_number = (select max(build_number) from builds)
)

select * from final
