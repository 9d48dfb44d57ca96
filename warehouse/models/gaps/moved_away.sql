-- One row per benefit, live or verified, disbenefits apart, that moved its measure the wrong way beyond the slack.
-- 3-benefits.md, 3.8: MOVED_AWAY (realisation, B); measured against the rephased plan (3.5).
with standings as (
    select
        *,
        least(0.0, rephased_improvement) - slack as least_accepted
    from {{ ref('benefit_standing') }}
    where not is_ended and not is_solely_cancelled and kind = 'benefit' and rephased_improvement is not null
),

final as (
    select
        {{ benefit_gap_columns(
            'MOVED_AWAY',
            message=sentence(
                '{benefit_name} was to make {kpi_name} {rephased_improvement:number} {kpi_unit:change} {direction} in the'
                ~ ' {frequency} to {period_end:date}, but moved it the other way: {actual_improvement:number}, beyond'
                ~ ' the {slack:number} tolerated[, worth {realisation_gap_amount_reporting:money} a {frequency}].'
            ),
            evidence=gap_evidence(
                [
                    'kpi_id', 'dimension', 'period_end', 'rephased_improvement', 'actual_improvement',
                    'least_accepted', 'slack'
                ],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')])
            ),
            amount_at_stake='realisation_gap_amount_reporting'
        ) }}
    from standings
    where period_start >= start_date and {{ less_than('actual_improvement', 'least_accepted', 'value_scale') }}
)

select * from final
