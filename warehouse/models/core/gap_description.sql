{{ config(materialized='view') }}
-- One row per gap that the history knows by more than its id, as the newest build that does described it.
-- Builds recorded by early versions of Fruition kept id, severity and amount alone. A view: most gaps are open, and described
-- by core.open_gap.
with builds as (
    select * from {{ ref('gap_build') }}
),

open_now as (
    select
        gap_id,
        gap_code,
        subject_type,
        subject_id,
        subject_name,
        project_id,
        benefit_id,
        output_id
    from {{ ref('open_gap') }}
    where exists (select 1 from builds where builds.is_this_build)
),

recorded as (
    select
        gaps.*,
        builds.build_number
    from {{ source('meta', 'recorded_gap') }} as gaps
    inner join builds on gaps.seq = builds.seq
    left join open_now on gaps.gap_id = open_now.gap_id
    where not builds.is_this_build and gaps.gap_code is not null and open_now.gap_id is null
),

newest as (
    select
        gap_id,
        max(build_number) as build_number
    from recorded
    group by gap_id
),

described as (
    select * from open_now
    union all
    select
        recorded.gap_id,
        recorded.gap_code,
        recorded.subject_type,
        recorded.subject_id,
        recorded.subject_name,
        recorded.project_id,
        recorded.benefit_id,
        recorded.output_id
    from recorded
    inner join newest on recorded.gap_id = newest.gap_id and recorded.build_number = newest.build_number
),

final as (
    select
        described.gap_id,
        described.gap_code,
        catalogue.gap_class,
        described.subject_type,
        described.subject_id,
        described.subject_name,
        described.project_id,
        described.benefit_id,
        described.output_id
    from described
    left join {{ ref('gap_catalogue') }} as catalogue on described.gap_code = catalogue.gap_code
)

select * from final
