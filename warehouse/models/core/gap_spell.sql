-- One row per gap and spell: builds of the history that held it, one after the other without a break.
-- 3-benefits.md, 3.8. A run of recorded builds goes on in this build where the gap is still open.
with builds as (
    select * from {{ ref('gap_build') }}
),

runs as (
    select * from {{ ref('gap_run') }}
),

open_now as (
    select
        gaps.gap_id,
        coalesce(runs.first_build_number, builds.build_number) as first_build_number,
        builds.build_number as last_build_number,
        {{ severity_level('gaps.severity') }} as severity_level,
        gaps.amount_at_stake
    from {{ ref('open_gap') }} as gaps
    inner join builds on builds.is_this_build
    left join runs on gaps.gap_id = runs.gap_id and runs.is_unbroken
),

parts as (
    select
        gap_id,
        first_build_number,
        last_build_number,
        lowest_level,
        highest_level,
        greatest_amount_at_stake
    from runs
    union all
    select
        gap_id,
        first_build_number,
        last_build_number,
        severity_level as lowest_level,
        severity_level as highest_level,
        amount_at_stake as greatest_amount_at_stake
    from open_now
),

spells as (
    select
        gap_id,
        first_build_number,
        max(last_build_number) as last_build_number,
        min(lowest_level) as lowest_level,
        max(highest_level) as highest_level,
        max(greatest_amount_at_stake) as greatest_amount_at_stake
    from parts
    group by gap_id, first_build_number
),

final as (
    select
        gap_id,
        cast(row_number() over (partition by gap_id order by first_build_number) as integer) as spell,
        first_build_number,
        last_build_number,
        lowest_level,
        highest_level,
        greatest_amount_at_stake
    from spells
)

select * from final
