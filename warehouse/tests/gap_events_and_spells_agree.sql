-- One row per spell that does not begin with one event and end, where it has ended, with one; and per event without a spell.
with events as (
    select
        gap_id,
        spell,
        count(case when event_type in ('opened', 'reopened') then 1 end) as openings,
        count(case when event_type = 'closed' then 1 end) as closings,
        min(case when event_type in ('opened', 'reopened') then seq end) as opened_seq,
        min(case when event_type = 'closed' then seq end) as closed_seq
    from {{ ref('gap_event') }}
    group by gap_id, spell
),

builds as (
    select * from {{ ref('gap_build') }}
),

spells as (
    select
        spells.gap_id,
        spells.spell,
        opening.seq as opened_seq,
        closing.seq as closed_seq
    from {{ ref('gap_spell') }} as spells
    inner join builds as opening on spells.first_build_number = opening.build_number
    left join builds as closing on spells.last_build_number + 1 = closing.build_number
)

select
    coalesce(spells.gap_id, events.gap_id) as gap_id,
    coalesce(spells.spell, events.spell) as spell
from spells
full outer join events on spells.gap_id = events.gap_id and spells.spell = events.spell
where
    spells.gap_id is null
    or events.gap_id is null
    or events.openings <> 1
    or events.closings <> case when spells.closed_seq is null then 0 else 1 end
    or events.opened_seq <> spells.opened_seq
    or events.closed_seq is distinct from spells.closed_seq
