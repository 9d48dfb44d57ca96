-- One row per project and unbroken stay in a stage, from every version of the project known at `known_at`, by place.
-- 3-benefits.md, 3.7 (stage flow): the first stay counts from the project's own date where it has one.
{%- set columns = ['project_id', 'stage', 'idea_date', 'approved_date', 'actual_finish'] %}
with versions as (
    {{ versions_read_aright('project') }}
),

snapshots as (
    {{ snapshot_places('project') }}
),

placed as (
    {{ placed_versions('versions', 'snapshots', columns) }}
),

staged as (
    select
        *,
        case when not is_closed then stage end as stage_then
    from placed
),

compared as (
    select
        *,
        lag(stage_then) over (partition by project_id order by _effective_at, known_from, is_closed) as stage_before
    from staged
),

numbered as (
    select
        *,
        sum(case when stage_then is distinct from stage_before then 1 else 0 end) over (
            partition by project_id order by _effective_at, known_from, is_closed
            rows between unbounded preceding and current row
        ) as stay
    from compared
),

stays as (
    select
        project_id,
        stay,
        stage_then as stage,
        min(cast(_effective_at as date)) as seen_on,
        min(
            case stage_then
                when 'idea' then idea_date
                when 'delivery' then approved_date
                when 'closed' then actual_finish
            end
        ) as own_date
    from numbered
    group by project_id, stay, stage_then
),

entered as (
    select
        *,
        case
            when row_number() over (partition by project_id order by stay) = 1 then least(coalesce(own_date, seen_on), seen_on)
            else seen_on
        end as entered_on
    from stays
),

followed as (
    select
        *,
        lead(entered_on) over (partition by project_id order by stay) as left_on
    from entered
),

final as (
    select
        project_id,
        stay,
        stage,
        entered_on,
        left_on,
        {{ days_between('entered_on', 'coalesce(left_on, greatest(entered_on, ' ~ as_of() ~ '))') }} as days
    from followed
    where stage is not null
)

select * from final
