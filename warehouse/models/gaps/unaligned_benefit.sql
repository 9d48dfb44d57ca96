-- One row per live benefit, disbenefits apart, from which no path leads to an objective.
-- 3-benefits.md, 3.8: UNALIGNED_BENEFIT (linkage, B).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

aligned as (
    select node_id from {{ ref('network_node') }} where node_type = 'benefit' and reaches_objective
),

flagged as (
    select
        benefits.*,
        {{ source_rows([source_row('benefit', 'benefits')]) }} as source_rows
    from benefits
    left join aligned on benefits.benefit_id = aligned.node_id
    where aligned.node_id is null
),

final as (
    select
        {{ benefit_gap_columns(
            'UNALIGNED_BENEFIT',
            message=sentence(
                '{benefit_name} serves 0 objectives[: its {full_improvement:number} {kpi_unit:change} {direction} in'
                ~ ' {kpi_name} advance no stated aim].'
            ),
            evidence=gap_evidence(['kind', 'kpi_id', 'full_improvement', 'start_date', 'target_date'])
        ) }}
    from flagged
)

select * from final
