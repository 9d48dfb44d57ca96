-- One row per event in the life of a gap: opened, worsened, closed or reopened.
-- 3-benefits.md, 3.8; 4-interfaces.md, 'Gap events'.
with spells as (
    select * from {{ ref('gap_spell') }}
),

builds as (
    select * from {{ ref('gap_build') }}
),

events as (
    -- `told_by` is the build that last held the gap: its severity, amount and decision are the event's.
    select
        gap_id,
        spell,
        case when spell = 1 then 'opened' else 'reopened' end as event_type,
        first_build_number as build_number,
        first_build_number as told_by,
        cast(null as {{ dbt.type_string() }}) as previous_severity
    from spells
    union all
    select
        gap_id,
        spell,
        'worsened' as event_type,
        build_number,
        build_number as told_by,
        previous_severity
    from {{ ref('gap_worsening') }}
    union all
    select
        gap_id,
        spell,
        'closed' as event_type,
        last_build_number + 1 as build_number,
        last_build_number as told_by,
        cast(null as {{ dbt.type_string() }}) as previous_severity
    from spells
    where last_build_number < (select max(build_number) from builds)
),

final as (
    select
        {{ gap_event_id('events.gap_id', 'events.event_type', 'builds.seq') }} as event_id,
        events.event_type,
        events.gap_id,
        descriptions.gap_code,
        descriptions.gap_class,
        descriptions.subject_type,
        descriptions.subject_id,
        descriptions.subject_name,
        descriptions.project_id,
        descriptions.benefit_id,
        descriptions.output_id,
        builds.seq,
        builds.as_of,
        builds.known_at,
        held.severity,
        events.previous_severity,
        held.amount_at_stake,
        held.decision,
        coalesce(held.decision = 'accept', false) as is_muted,
        events.spell
    from events
    inner join builds on events.build_number = builds.build_number
    left join {{ ref('gap_held') }} as held
        on events.gap_id = held.gap_id and events.told_by = held.build_number
    left join {{ ref('gap_description') }} as descriptions on events.gap_id = descriptions.gap_id
)

select * from final
