-- One row per objective and project or benefit that serves it: which part of what that costs or brings is counted there.
-- 3-benefits.md, 3.7: in proportion to its shares in the objectives; of a project, those of all its outputs together.
with reached as (
    select 'project' as subject_type, output_status.project_id as subject_id, share.node_id as objective_id, share.share
    from {{ ref('network_reach') }} as share
    inner join {{ ref('output_status') }} as output_status on share.origin_id = output_status.output_id
    where share.origin_type = 'output' and share.node_type = 'objective'
    union all
    select 'benefit' as subject_type, share.origin_id as subject_id, share.node_id as objective_id, share.share
    from {{ ref('network_reach') }} as share
    where share.origin_type = 'benefit' and share.node_type = 'objective'
),

summed as (
    select subject_type, subject_id, objective_id, sum(share) as share
    from reached
    group by subject_type, subject_id, objective_id
    having sum(share) > 0
),

final as (
    select
        subject_type,
        subject_id,
        objective_id,
        share / sum(share) over (partition by subject_type, subject_id) as part
    from summed
)

select * from final
