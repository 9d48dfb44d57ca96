-- One row per project, basis (planned, forecast), flow (cost, benefit) and date, in the reporting currency.
-- 3-benefits.md, 3.7: benefits by the project's share in them, harm negatively; a benefit that the project has no part in
-- is none of its flows. A sum of which a part that is not nothing could not be converted is unknown.
with share as (
    select
        project_id,
        benefit_id,
        {{ signed('kind', 'case when is_promised_intermediate then 0.0 else planned_share end') }} as planned_share,
        {{ signed('kind', 'case when is_intermediate then 0.0 else forecast_share end') }} as forecast_share
    from {{ ref('project_share') }}
),

costs as (
    select
        project_id,
        basis,
        'cost' as flow,
        flow_date,
        {{ reporting_total('amount', 'amount_reporting') }} as amount_reporting
    from {{ ref('cost_flow') }}
    where basis <> 'actual'
    group by project_id, basis, flow_date
),

{% for basis, model, column in [('planned', 'promised_amount', 'planned_amount'), ('forecast', 'benefit_outlook', 'amount')] -%}
{{ basis }}_parts as (
    select
        share.project_id,
        source.period_end as flow_date,
        case
            when share.{{ basis }}_share * source.{{ column }} = 0 then 0.0
            else share.{{ basis }}_share * source.{{ column }}_reporting
        end as part
    from {{ ref(model) }} as source
    inner join share on source.benefit_id = share.benefit_id
    where source.{{ column }} is not null and share.{{ basis }}_share <> 0
),

{{ basis }}_benefits as (
    select project_id, '{{ basis }}' as basis, 'benefit' as flow, flow_date, {{ whole_sum('part') }} as amount_reporting
    from {{ basis }}_parts
    group by project_id, flow_date
),

{% endfor -%}

flows as (
    select * from costs
    union all
    select * from planned_benefits
    union all
    select * from forecast_benefits
),

final as (
    select
        *,
        amount_reporting is null as is_unconvertible
    from flows
)

select * from final
