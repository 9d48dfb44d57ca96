-- One row per project and benefit that an output of it has a path to.
-- 3-benefits.md, 3.7: what part of the benefit is the project's: of the plan by all its outputs, of what came and will
-- come without those that are lost (3.3). Intermediate benefits are shown, not summed.
with final as (
    select
        output_status.project_id,
        output_share.benefit_id,
        sum(output_share.share) as planned_share,
        sum(case when output_share.is_lost then 0.0 else output_share.share end) as forecast_share,
        min(benefit.kind) as kind,
        coalesce(min(case when benefit_downstream.is_intermediate then 1 end) = 1, false) as is_intermediate,
        coalesce(min(case when benefit_downstream.is_promised_intermediate then 1 end) = 1, false)
            as is_promised_intermediate
    from {{ ref('output_share') }} as output_share
    inner join {{ ref('output_status') }} as output_status on output_share.output_id = output_status.output_id
    inner join {{ ref('benefit') }} as benefit on output_share.benefit_id = benefit.benefit_id
    left join {{ ref('benefit_downstream') }} as benefit_downstream
        on output_share.benefit_id = benefit_downstream.benefit_id
    group by output_status.project_id, output_share.benefit_id
)

select * from final
