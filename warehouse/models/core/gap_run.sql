-- One row per gap and run of recorded builds that held it, one after the other without a break.
-- 3-benefits.md, 3.8; 4-interfaces.md, 'Builds'.
{%- set extent %}
        min(build_number) as first_build_number,
        max(build_number) as last_build_number,
        min(severity_level) as lowest_level,
        max(severity_level) as highest_level,
        max(amount_at_stake) as greatest_amount_at_stake
{%- endset %}
with builds as (
    select * from {{ ref('gap_build') }}
    where not is_this_build
),

held as (
    select
        gaps.gap_id,
        builds.build_number,
        {{ severity_level('gaps.severity') }} as severity_level,
        gaps.amount_at_stake
    from {{ source('meta', 'recorded_gap') }} as gaps
    inner join builds on gaps.seq = builds.seq
),

-- Most gaps were never closed and opened again: what was recorded of these need not be put in order.
lives as (
    select
        gap_id,
        {{- extent }},
        count(*) = max(build_number) - min(build_number) + 1 as is_whole
    from held
    group by gap_id
),

broken as (
    select
        held.*,
        -- Within one unbroken run, build_number and its rank among the gap's own builds rise together.
        held.build_number - row_number() over (partition by held.gap_id order by held.build_number) as run
    from held
    inner join lives on held.gap_id = lives.gap_id
    where not lives.is_whole
),

runs as (
    select
        gap_id,
        first_build_number,
        last_build_number,
        lowest_level,
        highest_level,
        greatest_amount_at_stake
    from lives
    where is_whole
    union all
    select
        gap_id,
        {{- extent }}
    from broken
    group by gap_id, run
),

final as (
    select
        runs.*,
        builds.as_of as opened_on,
        runs.last_build_number = (select max(newest.build_number) from builds as newest) as is_unbroken
    from runs
    inner join builds on runs.first_build_number = builds.build_number
)

select * from final
