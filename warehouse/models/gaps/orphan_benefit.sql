-- One row per live benefit to which no path leads from an output.
-- 3-benefits.md, 3.8: ORPHAN_BENEFIT (linkage, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live
),

linked as (
    select distinct benefit_id from {{ ref('output_share') }}
),

flagged as (
    select
        benefits.*,
        {{ source_rows([source_row('benefit', 'benefits')]) }} as source_rows
    from benefits
    left join linked on benefits.benefit_id = linked.benefit_id
    where linked.benefit_id is null
),

final as (
    select
        {{ benefit_gap_columns(
            'ORPHAN_BENEFIT',
            message=sentence(
                '0 outputs lead to {benefit_name}[, which is to make {kpi_name} {full_improvement:number} {kpi_unit:change}'
                ~ ' {direction} by {target_date:date}].'
            ),
            evidence=gap_evidence(['kind', 'kpi_id', 'full_improvement', 'start_date', 'target_date'])
        ) }}
    from flagged
)

select * from final
