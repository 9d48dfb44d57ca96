-- One row per live benefit, other than qualitative, without a start date.
-- 3-benefits.md, 3.8: MISSING_DATES (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_DATES',
            message=sentence(
                '{benefit_name} has no start date[, though its target is set for {target_date:date}].'
            ),
            evidence=gap_evidence(
                ['kind', 'benefit_type', 'start_date', 'target_date'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and coalesce(benefit_type, '') <> 'qualitative' and start_date is null
)

select * from final
