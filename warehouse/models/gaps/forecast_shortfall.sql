-- One row per live benefit, disbenefits apart, that is forecast to bring less by its end than the tolerance allows.
-- 3-benefits.md, 3.8: FORECAST_SHORTFALL (forecast, B); against the rephased plan (3.7); at stake is what will be lacking.
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

forecasts as (
    select
        completions.*,
        benefit.tolerance,
        1.0 - benefit.tolerance as least_share,
        completions.forecast_at_completion / completions.rephased_at_completion as forecast_share,
        completions.rephased_at_completion_amount_reporting - completions.forecast_at_completion_amount_reporting
            as amount_short
    from {{ ref('benefit_completion') }} as completions
    inner join {{ ref('benefit') }} as benefit on completions.benefit_id = benefit.benefit_id
    where completions.rephased_at_completion > 0
),

flagged as (
    select
        benefits.*,
        forecasts.forecast_at_completion,
        forecasts.rephased_at_completion,
        forecasts.forecast_share,
        forecasts.tolerance,
        forecasts.least_share,
        forecasts.past_periods,
        forecasts.unmeasured_periods,
        forecasts.amount_short,
        ratios.own_ratio,
        ratios.own_periods,
        ratios.class_p50,
        ratios.class_members,
        ratios.forecast_basis,
        {{ source_rows([source_row('benefit', 'benefits'), source_row('kpi_reading', 'latest')]) }} as source_rows
    from benefits
    inner join forecasts on benefits.benefit_id = forecasts.benefit_id
    inner join {{ ref('benefit_ratio') }} as ratios on benefits.benefit_id = ratios.benefit_id
    left join {{ ref('benefit_latest') }} as latest on benefits.benefit_id = latest.benefit_id
    where {{ less_than(
        'forecasts.forecast_at_completion', 'forecasts.rephased_at_completion * forecasts.least_share'
    ) }}
),

final as (
    select {{ benefit_gap_columns(
        'FORECAST_SHORTFALL',
        message=sentence(
            '{benefit_name} is forecast to bring {forecast_share:percent} of what its outputs allow by {end_date:date}, where at'
            ~ ' least {least_share:percent} is asked[: {amount_short:money} too little].'
        ),
        evidence=gap_evidence(
            [
                'end_date', 'forecast_at_completion', 'rephased_at_completion', 'tolerance', 'past_periods',
                'unmeasured_periods', 'own_ratio', 'own_periods', 'class_p50', 'class_members', 'forecast_basis',
                'amount_short'
            ]
        ),
        amount_at_stake='amount_short'
    ) }}
    from flagged
)

select * from final
