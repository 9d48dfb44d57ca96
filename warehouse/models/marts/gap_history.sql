{{ config(materialized='view') }}
-- One row per spell of a gap: from the build that first found it to the first one without it.
-- 3-benefits.md, 3.8; 4-interfaces.md, 'Builds'. A view: publishing makes it a table.
with spells as (
    select * from {{ ref('gap_spell') }}
),

builds as (
    select * from {{ ref('gap_build') }}
),

final as (
    select
        spells.gap_id,
        descriptions.gap_code,
        descriptions.gap_class,
        descriptions.subject_type,
        descriptions.subject_id,
        descriptions.subject_name,
        descriptions.project_id,
        descriptions.benefit_id,
        descriptions.output_id,
        spells.spell,
        opening.as_of as opened_on,
        closing.as_of as closed_on,
        opening.seq as opened_seq,
        closing.seq as closed_seq,
        {{ severity_of('spells.highest_level') }} as highest_severity,
        spells.greatest_amount_at_stake,
        held.severity as last_severity,
        closing.seq is null as is_open
    from spells
    inner join builds as opening on spells.first_build_number = opening.build_number
    left join builds as closing on spells.last_build_number + 1 = closing.build_number
    left join {{ ref('gap_held') }} as held
        on spells.gap_id = held.gap_id and spells.last_build_number = held.build_number
    left join {{ ref('gap_description') }} as descriptions on spells.gap_id = descriptions.gap_id
)

select * from final
