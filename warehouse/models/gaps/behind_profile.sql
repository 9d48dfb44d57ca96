-- One row per live benefit, disbenefits apart, in its ramp and behind what its outputs allow by more than the slack.
-- 3-benefits.md, 3.8: BEHIND_PROFILE (realisation, B); measured against the rephased plan (3.5).
with standings as (
    select * from {{ ref('benefit_standing') }}
    where is_live and kind = 'benefit'
),

final as (
    select
        {{ benefit_gap_columns(
            'BEHIND_PROFILE',
            message=sentence(
                '{benefit_name}: {kpi_name} should be {rephased_improvement:number} {kpi_unit:change} {direction} in the'
                ~ ' {frequency} to {period_end:date}, {actual_improvement:number} is measured: {realisation_gap:number}'
                ~ ' short, where {slack:number} is tolerated[, worth {realisation_gap_amount_reporting:money} a'
                ~ ' {frequency}].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'period_end', 'rephased_improvement', 'actual_improvement',
                    'realisation_gap', 'slack'
                ],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')])
            ),
            amount_at_stake='realisation_gap_amount_reporting'
        ) }}
    from standings
    where not is_after_ramp and {{ greater_than('realisation_gap', 'slack', 'value_scale') }}
)

select * from final
