-- One row per role and month with an allocation or a capacity.
-- 3-benefits.md, 3.7 and 3.8: people planned beside people there are; nothing is said where no capacity is known.
with role_load as (
    select * from {{ ref('role_load') }}
),

final as (
    select
        role,
        period_start,
        period_end,
        planned_fte,
        actual_fte,
        capacity_fte,
        case
            when {{ greater_than('planned_fte', 'capacity_fte') }} then planned_fte - capacity_fte
            when capacity_fte is not null then 0.0
        end as overload_fte,
        planned_fte / nullif(capacity_fte, 0.0) as load_pct,
        {{ greater_than('planned_fte', 'capacity_fte') }} as is_overloaded,
        committed_fte,
        quarter_start,
        quarter_end
    from role_load
)

select * from final
