-- One row per gap and build that found it graver than the build before did, within a spell.
-- 3-benefits.md, 3.8.
with spells as (
    -- Most gaps are as grave from first to last.
    select * from {{ ref('gap_spell') }}
    where lowest_level < highest_level
),

steps as (
    select
        held.gap_id,
        spells.spell,
        held.build_number,
        lag(held.severity) over (
            partition by held.gap_id, spells.spell
            order by held.build_number
        ) as previous_severity,
        held.severity
    from {{ ref('gap_held') }} as held
    inner join spells
        on
            held.gap_id = spells.gap_id
            and held.build_number between spells.first_build_number and spells.last_build_number
),

final as (
    select * from steps
    where {{ severity_level('severity') }} > {{ severity_level('previous_severity') }}
)

select * from final
