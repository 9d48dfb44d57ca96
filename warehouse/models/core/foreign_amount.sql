-- One row per row of a contract with an amount other than 0 in another currency than the reporting one, and day to convert it at.
-- 3-benefits.md, 3.5 and 3.7: what is reported on. Of the benefits' periods, only those that could not be converted.
{%- set row = '_feed, _batch_id, _row' %}
with benefit_period as (
    select benefit_id, period_end from {{ ref('benefit_schedule') }}
    where rate_to_reporting is null and (planned_amount <> 0 or rephased_amount <> 0)
    union
    select benefit_id, period_end from {{ ref('benefit_split') }}
    where actual_amount_reporting is null and actual_amount <> 0
),

claim as (
    select
        benefit.currency,
        coalesce({{ period_end('kpi.frequency', 'benefit_claim.period_start') }}, benefit_claim.period_start) as converted_on,
        benefit_claim._feed,
        benefit_claim._batch_id,
        benefit_claim._row
    from {{ ref('benefit_claim') }} as benefit_claim
    inner join {{ ref('benefit') }} as benefit on benefit_claim.benefit_id = benefit.benefit_id
    left join {{ ref('kpi') }} as kpi on benefit.kpi_id = kpi.kpi_id
    where benefit_claim.claimed_amount <> 0 or benefit_claim.claimed_improvement * benefit.unit_value <> 0
),

month as (
    select
        *,
        {{ period_end("'month'", 'period_start') }} as month_end
    from {{ ref('cost') }}
),

amount as (
    select 'benefit' as contract, benefit.currency, benefit_period.period_end as converted_on, {{ row }}
    from benefit_period
    inner join {{ ref('benefit') }} as benefit on benefit_period.benefit_id = benefit.benefit_id
    union all
    select 'benefit' as contract, promise.currency, schedule.period_end as converted_on, {{ row }}
    from {{ ref('promised_schedule') }} as schedule
    inner join {{ ref('benefit_promise') }} as promise on schedule.benefit_id = promise.benefit_id
    where schedule.planned_amount_reporting is null and schedule.planned_amount <> 0
    union all
    select 'benefit_claim' as contract, currency, converted_on, {{ row }} from claim
    union all
    select 'cost' as contract, currency, month_end as converted_on, {{ row }} from month
    where planned_cost <> 0 or (actual_cost <> 0 and month_end <= {{ as_of() }})
    union all
    select 'project' as contract, currency, coalesce(baseline_finish, {{ as_of() }}) as converted_on, {{ row }}
    from {{ ref('project') }}
    where budget <> 0
    union all
    select 'project' as contract, project.currency, flow.flow_date as converted_on, {{ row }}
    from {{ ref('cost_flow') }} as flow
    inner join {{ ref('project') }} as project on flow.project_id = project.project_id
    where flow.amount <> 0 and flow.project_id not in (select month.project_id from month)
    union all
    select 'project_status' as contract, currency, status_date as converted_on, {{ row }}
    from {{ ref('project_earned_value') }}
    where pv <> 0 or ev <> 0 or ac <> 0
    union all
    select 'risk' as contract, currency, {{ as_of() }} as converted_on, {{ row }} from {{ ref('risk') }}
    where status = 'open' and closed_date is null and probability * impact <> 0
),

final as (
    select distinct * from amount where currency <> {{ reporting_currency() }}
)

select * from final
