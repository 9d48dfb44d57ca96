-- One row per open risk and benefit that it bears on, with what it may cost there.
-- 3-benefits.md, 3.8, RISK_EXPOSED: probability × impact of a benefit's own risk in full, of an output's by its share, of a
-- project's by the sum of its outputs' shares, at the latest rate there is. Without probability or impact a risk adds nothing; an
-- impact below 0 is subtracted, as the contract says.
with risk as (
    select
        *,
        probability * cast(impact as double) as expected_loss
    from {{ ref('risk') }}
    where status = 'open' and closed_date is null
),

output_share as (
    select
        output_share.benefit_id,
        output_share.output_id,
        output_status.project_id,
        output_share.share
    from {{ ref('output_share') }} as output_share
    inner join {{ ref('output_status') }} as output_status on output_share.output_id = output_status.output_id
),

bearing as (
    select
        'benefit' as subject_type,
        benefit_id as subject_id,
        benefit_id,
        1.0 as share
    from {{ ref('benefit') }}
    union all
    select
        'output' as subject_type,
        output_id as subject_id,
        benefit_id,
        share
    from output_share
    union all
    select
        'project' as subject_type,
        project_id as subject_id,
        benefit_id,
        sum(share) as share
    from output_share
    where project_id is not null
    group by project_id, benefit_id
),

final as (
    select
        bearing.benefit_id,
        risk.risk_id,
        risk.subject_type,
        risk.subject_id,
        bearing.share,
        risk.expected_loss * bearing.share as exposure,
        risk.expected_loss * bearing.share * {{ fx_rate('risk.currency') }} as exposure_reporting,
        risk._feed,
        risk._batch_id,
        risk._row
    from risk
    inner join bearing on risk.subject_type = bearing.subject_type and risk.subject_id = bearing.subject_id
    {{ fx_join('risk.currency', as_of()) }}
    where risk.expected_loss * bearing.share <> 0
)

select * from final
