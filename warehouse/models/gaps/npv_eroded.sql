-- One row per project that was to be worth more than it costs and, by today's forecast, is not; cancelled ones too.
-- 3-benefits.md, 3.8: NPV_ERODED (forecast); present values of 3.7.
with planned as (
    select * from {{ ref('planned_return') }} where scope = 'project'
),

forecast as (
    select * from {{ ref('forecast_return') }} where scope = 'project'
),

benefits as (
    select
        shares.project_id,
        {{ record_list(source_row('benefit', 'benefits')) }} as benefit_rows
    from {{ ref('project_share') }} as shares
    inner join {{ ref('benefit_value') }} as valued on shares.benefit_id = valued.benefit_id
    inner join {{ ref('benefit') }} as benefits on shares.benefit_id = benefits.benefit_id
    group by shares.project_id
),

flagged as (
    select
        projects.*,
        members.base_date,
        planned.npv as planned_npv,
        planned.present_benefit as planned_benefit,
        planned.present_cost as planned_cost,
        forecast.npv as forecast_npv,
        -forecast.npv as forecast_loss,
        forecast.present_benefit as forecast_benefit,
        forecast.present_cost as forecast_cost,
        {{ source_rows(
            [source_row('project', 'projects'), source_row('project_status', 'earned')], 'benefits.benefit_rows'
        ) }} as source_rows
    from {{ ref('project') }} as projects
    inner join {{ ref('value_member') }} as members
        on projects.project_id = members.project_id and members.scope = 'project'
    inner join planned on projects.project_id = planned.scope_id
    inner join forecast on projects.project_id = forecast.scope_id
    left join {{ ref('project_earned_value') }} as earned on projects.project_id = earned.project_id
    left join benefits on projects.project_id = benefits.project_id
    where
        {{ greater_than('planned.npv', '0.0', 'planned.present_cost') }}
        and {{ less_than('forecast.npv', '0.0', 'forecast.present_cost') }}
),

final as (
    select
        {{ project_gap_columns(
            'NPV_ERODED',
            message=sentence(
                '{name} was approved to bring {planned_npv:money} more than it costs and is now forecast to bring'
                ~ ' {forecast_loss:money} less than it costs: benefits of {forecast_benefit:money} instead of'
                ~ ' {planned_benefit:money}, for costs of {forecast_cost:money} instead of {planned_cost:money}, all at their'
                ~ ' value on {base_date:date}.'
            ),
            evidence=gap_evidence([
                'base_date', 'planned_npv', 'planned_benefit', 'planned_cost', 'forecast_npv', 'forecast_benefit',
                'forecast_cost'
            ])
        ) }}
    from flagged
)

select * from final
