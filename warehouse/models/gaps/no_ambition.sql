-- One row per live benefit whose target is what would be anyway.
-- 3-benefits.md, 3.8: NO_AMBITION (definition, BD), full_improvement = 0 (3.2).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'NO_AMBITION',
            message=sentence(
                '{benefit_name} aims at {target_value:number}[ {kpi_unit}] by {target_date:date}, which is what would'
                ~ ' be without the change: an improvement of 0.'
            ),
            evidence=gap_evidence(
                ['baseline_value', 'do_nothing_value', 'target_value', 'target_date', 'full_improvement'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and full_improvement = 0
)

select * from final
