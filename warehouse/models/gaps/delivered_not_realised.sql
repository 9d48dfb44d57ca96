-- One row per live benefit, disbenefits apart, with all outputs in use and its ramp over, short by more than the slack.
-- 3-benefits.md, 3.8: DELIVERED_NOT_REALISED (realisation, B); measured against the rephased plan (3.5).
with standings as (
    select * from {{ ref('benefit_standing') }}
    where is_live and kind = 'benefit'
),

final as (
    select
        {{ benefit_gap_columns(
            'DELIVERED_NOT_REALISED',
            message=sentence(
                'All that {benefit_name} needs is in use since {enabled_on:date}, and {kpi_name} should be'
                ~ ' {rephased_improvement:number} {kpi_unit:change} {direction} by now; in the {frequency} to'
                ~ ' {period_end:date} {actual_improvement:number} is measured: {realisation_gap:number} short, where'
                ~ ' {slack:number} is tolerated[, worth {realisation_gap_amount_reporting:money} a {frequency}].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'enabled_on', 'period_end', 'rephased_improvement', 'actual_improvement',
                    'realisation_gap', 'slack'
                ],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')], 'output_rows')
            ),
            amount_at_stake='realisation_gap_amount_reporting'
        ) }}
    from standings
    where is_enabled and is_after_ramp and {{ greater_than('realisation_gap', 'slack', 'value_scale') }}
)

select * from final
