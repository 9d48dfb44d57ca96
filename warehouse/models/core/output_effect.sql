-- One row per output and benefit that it has a path to: when the output works for the benefit.
-- 3-benefits.md, 3.4: its dates plus the lag between them; 3.3: lost outputs enable nothing.
with output_share as (
    select * from {{ ref('output_share') }}
),

output_status as (
    select * from {{ ref('output_status') }}
),

final as (
    select
        output_share.output_id,
        output_share.benefit_id,
        output_share.is_enabling,
        output_share.is_lost,
        output_share.is_enabling and not output_share.is_lost as enables,
        output_status.is_delivered,
        {{ add_days('output_status.resolved_date', 'output_share.lag_days') }} as works_on,
        {{ add_days('output_status.baseline_date', 'output_share.lag_days') }} as planned_on,
        {{ add_days('output_status.delivered_date', 'output_share.lag_days') }} as intervened_on
    from output_share
    inner join output_status on output_share.output_id = output_status.output_id
)

select * from final
