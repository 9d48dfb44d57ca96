-- One row per output and benefit that it has a path to.
-- 3-benefits.md, 3.3: enabling are those with a share of at least `enabling_share`, all of them where none reaches it.
with share as (
    select * from {{ ref('network_reach') }} where origin_type = 'output'
),

upstream as (
    select * from share where node_type = 'benefit'
),

path as (
    select * from {{ ref('output_path') }}
),

output_status as (
    select * from {{ ref('output_status') }}
),

measured as (
    select
        upstream.*,
        {{ at_least('upstream.share', var('enabling_share')) }} as is_large,
        max(case when {{ at_least('upstream.share', var('enabling_share')) }} then 1 else 0 end)
            over (partition by upstream.node) as has_large
    from upstream
),

final as (
    select
        measured.origin_id as output_id,
        measured.node_id as benefit_id,
        measured.share,
        measured.lag_days,
        measured.path_count,
        path.path,
        measured.is_large or measured.has_large = 0 as is_enabling,
        output_status.is_lost
    from measured
    inner join output_status on measured.origin_id = output_status.output_id
    left join path on measured.origin = path.origin and measured.node = path.node
)

select * from final
