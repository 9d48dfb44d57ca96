-- One row per live benefit, other than qualitative, without a baseline value.
-- 3-benefits.md, 3.8: MISSING_BASELINE (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_BASELINE',
            message=sentence(
                '{benefit_name} has no baseline[: {target_value:number} is its target,] so no improvement can be'
                ~ ' counted[ for {kpi_name}].'
            ),
            evidence=gap_evidence(
                ['kind', 'benefit_type', 'kpi_id', 'baseline_value', 'baseline_date', 'target_value'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and coalesce(benefit_type, '') <> 'qualitative' and baseline_value is null
)

select * from final
