{{ config(materialized='view') }}
-- One row per output and benefit that it has a path to.
-- 4-interfaces.md: where on its way from delivery to benefit each link stands. A disbenefit is behind when its harm
-- exceeds. A view: publishing makes it a table.
with output_share as (
    select * from {{ ref('output_share') }}
),

output_status as (
    select * from {{ ref('output_status') }}
),

benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

latest as (
    select
        benefit_latest.*,
        benefit_plan.kind = 'disbenefit' as is_harm,
        benefit_plan.slack
    from {{ ref('benefit_latest') }} as benefit_latest
    inner join benefit_plan on benefit_latest.benefit_id = benefit_plan.benefit_id
    where benefit_plan.has_curve
),

judged as (
    select
        benefit_id,
        is_after_ramp,
        case
            when is_harm then {{ greater_than('actual_improvement - rephased_improvement', 'slack', 'value_scale') }}
            else {{ greater_than('rephased_improvement - actual_improvement', 'slack', 'value_scale') }}
        end as is_behind
    from latest
),

final as (
    select
        output_share.output_id,
        output_status.output_name,
        output_status.project_id,
        output_share.benefit_id,
        benefit_plan.benefit_name,
        output_share.share,
        output_share.lag_days,
        output_share.path_count,
        output_share.path,
        output_share.is_enabling,
        output_status.output_status,
        output_status.slip_days,
        case
            when not output_status.is_delivered then 'awaiting_delivery'
            when judged.benefit_id is null then 'not_measured'
            when not judged.is_after_ramp and not judged.is_behind then 'in_ramp'
            when not judged.is_after_ramp then 'realising'
            when not judged.is_behind then 'realised'
            else 'not_realised'
        end as link_status
    from output_share
    inner join output_status on output_share.output_id = output_status.output_id
    inner join benefit_plan on output_share.benefit_id = benefit_plan.benefit_id
    left join judged on output_share.benefit_id = judged.benefit_id
)

select * from final
