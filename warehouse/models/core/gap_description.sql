-- One row per gap that the history knows by more than its id, as the newest build that does described it.
-- Builds recorded by early versions of Fruition kept id, severity and amount alone.
with held as (
    select * from {{ ref('gap_held') }}
    where gap_code is not null
),

newest as (
    select
        gap_id,
        max(build_number) as build_number
    from held
    group by gap_id
),

final as (
    select
        held.gap_id,
        held.gap_code,
        catalogue.gap_class,
        held.subject_type,
        held.subject_id,
        held.subject_name,
        held.project_id,
        held.benefit_id,
        held.output_id
    from held
    inner join newest on held.gap_id = newest.gap_id and held.build_number = newest.build_number
    left join {{ ref('gap_catalogue') }} as catalogue on held.gap_code = catalogue.gap_code
)

select * from final
