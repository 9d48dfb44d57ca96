-- One row per live benefit, other than qualitative, without a target value or a target date.
-- 3-benefits.md, 3.8: MISSING_TARGET (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

flagged as (
    select
        *,
        case
            when target_date is not null then 'target value'
            when target_value is not null then 'target date'
            else 'target value and no target date'
        end as missing_part,
        {{ source_rows([source_row('benefit')]) }} as source_rows
    from benefits
    where
        is_live
        and coalesce(benefit_type, '') <> 'qualitative'
        and (target_value is null or target_date is null)
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_TARGET',
            message=sentence(
                '{benefit_name} has no {missing_part}[ for {target_date:date}][; {kpi_name} starts from'
                ~ ' {baseline_value:number} {kpi_unit}][ and is to reach {target_value:number}].'
            ),
            evidence=gap_evidence(['kind', 'benefit_type', 'kpi_id', 'baseline_value', 'target_value', 'target_date'])
        ) }}
    from flagged
)

select * from final
