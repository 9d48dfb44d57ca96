-- One row per live benefit, disbenefits apart, and KPI period of which more is claimed than its measure supports.
-- 3-benefits.md, 3.8: OVERCLAIMED; `supported` is the lesser of the bounds that apply, neither of them below 0.
with compared as (
    select
        claims.*,
        split.actual_improvement,
        split.attributable_improvement,
        split.attributable_high,
        split.counterfactual_used,
        split.evidence_grade,
        split.value_scale,
        claims.kpi_share * (
            greatest(0.0, split.actual_improvement, coalesce(split.attributable_improvement, 0.0)) + claims.slack
        ) as measured_bound,
        claims.kpi_share * case when split.attributable_high < 0 then 0.0 else split.attributable_high end
            as attributable_bound,
        case when claims.unit_value = 0 then 0.0 else claims.unit_value * {{ fx_rate('claims.currency') }} end as unit_amount
    from {{ ref('claim_subject') }} as claims
    inner join {{ ref('benefit_split') }} as split
        on claims.benefit_id = split.benefit_id and claims.period_start = split.period_start
    {{ fx_join('claims.currency', 'claims.period_end') }}
    where claims.is_live and split.is_claimed and split.actual_improvement is not null
),

bounded as (
    select
        *,
        least(measured_bound, coalesce(attributable_bound, measured_bound)) as supported
    from compared
    where
        {{ greater_than('claimed_own', 'measured_bound', 'value_scale * kpi_share') }}
        or coalesce({{ greater_than('claimed_own', 'attributable_bound', 'value_scale * kpi_share') }}, false)
),

final as (
    select
        *,
        claimed_own - supported as claimed_excess,
        (claimed_own - supported) * unit_amount as excess_amount,
        {{ source_rows([source_row('kpi_reading', prefix='reading_')], 'claim_rows') }} as period_rows
    from bounded
)

select * from final
