-- One row per gap that is open and has no open spell since the same day, or has one and is not open.
-- Asked of a build that is being made; one that is recorded, or has no number, has the history of what was recorded then
-- (4-interfaces.md, 'Builds'), whatever today's rules find.
with spells as (
    select
        spells.gap_id,
        builds.as_of as opened_on
    from {{ ref('gap_spell') }} as spells
    inner join {{ ref('gap_build') }} as builds on spells.first_build_number = builds.build_number
    where spells.last_build_number = (select max(build_number) from {{ ref('gap_build') }})
),

gaps as (
    select
        gap_id,
        opened_on
    from {{ ref('open_gap') }}
)

select
    coalesce(gaps.gap_id, spells.gap_id) as gap_id,
    gaps.opened_on as gap_opened_on,
    spells.opened_on as spell_opened_on
from gaps
full outer join spells on gaps.gap_id = spells.gap_id
where
    exists (select 1 from {{ ref('gap_build') }} where is_this_build)
    and (gaps.gap_id is null or spells.gap_id is null or gaps.opened_on <> spells.opened_on)
