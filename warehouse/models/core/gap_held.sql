{{ config(materialized='view') }}
-- One row per gap and build of the history that held it: what was recorded, and what is open now.
-- 4-interfaces.md, 'Builds'.
with builds as (
    select * from {{ ref('gap_build') }}
),

recorded as (
    select
        gaps.gap_id,
        builds.build_number,
        gaps.severity,
        gaps.amount_at_stake,
        gaps.decision,
        gaps.gap_code,
        gaps.subject_type,
        gaps.subject_id,
        gaps.subject_name,
        gaps.project_id,
        gaps.benefit_id,
        gaps.output_id
    from {{ source('meta', 'recorded_gap') }} as gaps
    inner join builds on gaps.seq = builds.seq
    where not builds.is_this_build
),

open_now as (
    select
        gaps.gap_id,
        builds.build_number,
        gaps.severity,
        gaps.amount_at_stake,
        gaps.decision,
        gaps.gap_code,
        gaps.subject_type,
        gaps.subject_id,
        gaps.subject_name,
        gaps.project_id,
        gaps.benefit_id,
        gaps.output_id
    from {{ ref('open_gap') }} as gaps
    inner join builds on builds.is_this_build
)

select * from recorded
union all
select * from open_now
