-- One row per project: how long from the idea to the first delivered output, and from there to the first benefit.
-- 3-benefits.md, 3.7: a benefit shows at the end of the first later period with positive attributable improvement.
with delivery as (
    select
        project_id,
        min(delivered_date) as first_delivered_on
    from {{ ref('output') }}
    group by project_id
),

improved as (
    select
        benefit_id,
        period_end
    from {{ ref('benefit_split') }}
    where {{ greater_than('attributable_improvement', '0', 'value_scale') }}
),

-- Grouped, though each is there once, so that no engine compares the dates before it has matched the benefits.
expected as (
    select
        share.project_id,
        share.benefit_id,
        min(delivery.first_delivered_on) as first_delivered_on
    from {{ ref('project_share') }} as share
    inner join delivery on share.project_id = delivery.project_id
    where share.kind = 'benefit'
    group by share.project_id, share.benefit_id
),

benefit as (
    select
        expected.project_id,
        min(improved.period_end) as first_benefit_on
    from expected
    inner join improved
        on expected.benefit_id = improved.benefit_id and expected.first_delivered_on < improved.period_end
    group by expected.project_id
),

final as (
    select
        project.project_id,
        delivery.first_delivered_on,
        benefit.first_benefit_on,
        {{ days_between('coalesce(project.idea_date, project.approved_date)', 'delivery.first_delivered_on') }}
            as time_to_market_days,
        {{ days_between('delivery.first_delivered_on', 'benefit.first_benefit_on') }} as time_to_benefit_days
    from {{ ref('project') }} as project
    left join delivery on project.project_id = delivery.project_id
    left join benefit on project.project_id = benefit.project_id
)

select * from final
