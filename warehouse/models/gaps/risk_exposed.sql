-- One row per live benefit, disbenefits apart, whose open risks may cost too large a part of what is still to come.
-- 3-benefits.md, 3.8: RISK_EXPOSED (resources, risk, money; B).
with benefits as (
    select
        *,
        {{ gap_threshold('RISK_EXPOSED') }} as threshold
    from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

exposures as (
    select
        benefit_id,
        count(*) as open_risks,
        {{ reporting_total('exposure', 'exposure_reporting') }} as exposed_amount,
        {{ record_list(source_row('risk')) }} as risk_rows
    from {{ ref('benefit_risk') }}
    group by benefit_id
),

flagged as (
    select
        benefits.*,
        exposures.open_risks,
        exposures.exposed_amount,
        completions.forecast_to_come_amount_reporting as forecast_to_come_amount,
        exposures.exposed_amount / completions.forecast_to_come_amount_reporting as exposed_share,
        {{ source_rows([source_row('benefit', 'benefits')], 'exposures.risk_rows') }} as source_rows
    from benefits
    inner join exposures on benefits.benefit_id = exposures.benefit_id
    inner join {{ ref('benefit_completion') }} as completions on benefits.benefit_id = completions.benefit_id
    where
        completions.forecast_to_come_amount_reporting > 0
        and {{ greater_than(
            'exposures.exposed_amount', 'benefits.threshold * completions.forecast_to_come_amount_reporting'
        ) }}
),

final as (
    select {{ benefit_gap_columns(
        'RISK_EXPOSED',
        message=sentence(
            '{benefit_name} has {open_risks:of open risk} with an expected cost of {exposed_amount:money},'
            ~ ' {exposed_share:percent} of the {forecast_to_come_amount:money} it is still to bring;'
            ~ ' {threshold:percent} is tolerated.'
        ),
        evidence=gap_evidence(['open_risks', 'exposed_amount', 'forecast_to_come_amount', 'exposed_share', 'threshold'])
    ) }}
    from flagged
)

select * from final
