-- One row per live benefit that nobody owns.
-- 3-benefits.md, 3.8: MISSING_OWNER (definition, BD; the one question asked of qualitative benefits too).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_OWNER',
            message=sentence(
                'Nobody owns {benefit_name}[, which is to make {kpi_name} {full_improvement:number} {kpi_unit:change}'
                ~ ' {direction} by {target_date:date}].'
            ),
            evidence=gap_evidence(
                ['kind', 'benefit_type', 'kpi_id', 'full_improvement', 'target_date'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and owner is null
)

select * from final
