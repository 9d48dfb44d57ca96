-- One row per live benefit, disbenefits apart, ahead of what its outputs allow by more than the slack.
-- 3-benefits.md, 3.8: AHEAD_OF_PROFILE (opportunity, B); measured against the rephased plan (3.5).
with standings as (
    select
        *,
        actual_improvement - rephased_improvement as excess
    from {{ ref('benefit_standing') }}
    where is_live and kind = 'benefit'
),

final as (
    select
        {{ benefit_gap_columns(
            'AHEAD_OF_PROFILE',
            message=sentence(
                '{benefit_name}: {kpi_name} was to be {rephased_improvement:number} {kpi_unit:change} {direction} in the'
                ~ ' {frequency} to {period_end:date}, {actual_improvement:number} is measured: {excess:number} ahead,'
                ~ ' more than the {slack:number} of slack.'
            ),
            evidence=gap_evidence(
                ['kpi_id', 'dimension', 'period_end', 'rephased_improvement', 'actual_improvement', 'excess', 'slack'],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')])
            )
        ) }}
    from standings
    where
        {{ greater_than('excess', 'slack', 'value_scale') }}
        and {{ greater_than('rephased_improvement', '0', 'value_scale') }}
)

select * from final
