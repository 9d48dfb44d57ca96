-- One row per live disbenefit that does more harm than was accepted, by more than the slack.
-- 3-benefits.md, 3.8: DISBENEFIT_EXCEEDED (realisation, D); a disbenefit's improvements measure harm (3.5).
with standings as (
    select
        *,
        actual_improvement - rephased_improvement as excess
    from {{ ref('benefit_standing') }}
    where is_live and kind = 'disbenefit'
),

final as (
    select
        {{ benefit_gap_columns(
            'DISBENEFIT_EXCEEDED',
            message=sentence(
                '{benefit_name}: {kpi_name} was accepted to be {rephased_improvement:number} {kpi_unit:change} {direction} in'
                ~ ' the {frequency} to {period_end:date}, {actual_improvement:number} is measured: {excess:number} more'
                ~ ' harm than accepted, where {slack:number} is tolerated.'
            ),
            evidence=gap_evidence(
                ['kpi_id', 'dimension', 'period_end', 'rephased_improvement', 'actual_improvement', 'excess', 'slack'],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')])
            )
        ) }}
    from standings
    where {{ greater_than('excess', 'slack', 'value_scale') }}
)

select * from final
