-- One row per output of an approved, uncancelled project from which no path leads to a benefit.
-- 3-benefits.md, 3.8: ORPHAN_OUTPUT (linkage); one severity higher once delivered.
with outputs as (
    select * from {{ ref('output') }}
),

statuses as (
    select * from {{ ref('output_status') }}
    where coalesce(project_stage, '') not in ('cancelled', 'idea', 'business_case')
),

linked as (
    select distinct output_id from {{ ref('output_share') }}
),

flagged as (
    select
        statuses.*,
        case when statuses.is_delivered then 'was delivered on' else 'is due on' end as due,
        {{ source_rows([source_row('output', 'outputs')]) }} as source_rows
    from statuses
    inner join outputs on statuses.output_id = outputs.output_id
    left join linked on statuses.output_id = linked.output_id
    where linked.output_id is null
),

final as (
    select
        {{ output_gap_columns(
            'ORPHAN_OUTPUT',
            message=sentence(
                '{output_name} {due} {resolved_date:date} and leads to no benefit: 0 paths in the benefits map.'
            ),
            evidence=gap_evidence(['project_stage', 'baseline_date', 'delivered_date', 'resolved_date']),
            severity_steps='case when is_delivered then 1 else 0 end'
        ) }}
    from flagged
)

select * from final
