-- One row per benefit, whatever else is missing about it.
-- 4-interfaces.md: as registered, with plan and delivery resolved, the latest measured period's figures, the
-- forecast and open gaps.
with benefit as (
    select * from {{ ref('benefit') }}
),

benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

benefit_delivery as (
    select * from {{ ref('benefit_delivery') }}
),

latest as (
    select * from {{ ref('benefit_latest') }}
),

downstream as (
    select * from {{ ref('benefit_downstream') }}
),

ratio as (
    select * from {{ ref('benefit_ratio') }}
),

completion as (
    select * from {{ ref('benefit_completion') }}
),

gap as (
    select benefit_id, count(*) as open_gaps from {{ ref('open_gap') }} group by benefit_id
),

final as (
    select
        {{ column_list(contract_columns('benefit'), 'benefit') }},
        downstream.objective,
        benefit_plan.end_date as last_day,
        benefit_plan.full_improvement,
        benefit_plan.slack,
        benefit_plan.ramp_end,
        benefit_plan.is_live,
        coalesce(downstream.is_intermediate, false) as is_intermediate,
        benefit_delivery.upstream_outputs,
        benefit_delivery.enabling_outputs,
        benefit_delivery.enabled_on,
        benefit_delivery.is_enabled,
        benefit_delivery.delay_days,
        latest.period_start as latest_period_start,
        latest.period_end as latest_period_end,
        {%- for figure in ['value', 'improvement'] %}
        latest.planned_{{ figure }},
        latest.rephased_{{ figure }},
        latest.actual_{{ figure }},
        {%- endfor %}
        {%- for suffix in ['', '_amount', '_amount_reporting'] %}
        latest.delivery_gap{{ suffix }},
        latest.realisation_gap{{ suffix }},
        latest.total_gap{{ suffix }},
        {%- endfor %}
        latest.realisation_pct,
        latest.progress_pct,
        coalesce(latest.rag, 'grey') as rag,
        completion.forecast_at_completion,
        completion.forecast_at_completion_amount,
        completion.forecast_at_completion_amount_reporting,
        completion.rephased_at_completion,
        completion.unmeasured_share,
        ratio.forecast_basis,
        ratio.ratio as forecast_ratio,
        coalesce(gap.open_gaps, 0) as open_gap_count
    from benefit
    inner join benefit_plan on benefit.benefit_id = benefit_plan.benefit_id
    inner join benefit_delivery on benefit.benefit_id = benefit_delivery.benefit_id
    left join latest on benefit.benefit_id = latest.benefit_id
    left join downstream on benefit.benefit_id = downstream.benefit_id
    left join ratio on benefit.benefit_id = ratio.benefit_id
    left join completion on benefit.benefit_id = completion.benefit_id
    left join gap on benefit.benefit_id = gap.benefit_id
)

select * from final
