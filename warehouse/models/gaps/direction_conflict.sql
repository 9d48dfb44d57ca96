-- One row per live benefit whose target lies on the side its KPI calls worse (a disbenefit's: better).
-- 3-benefits.md, 3.8: DIRECTION_CONFLICT (definition, BD).
with benefits as (
    select
        *,
        case kpi_direction when 'increase' then 1 when 'decrease' then -1 end
        * case kind when 'disbenefit' then -1 else 1 end as expected_sign,
        case kind when 'disbenefit' then 'harm' else 'improvement' end as meaning
    from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'DIRECTION_CONFLICT',
            message=sentence(
                '{benefit_name} counts {full_improvement:number} {kpi_unit:change} {direction} as {meaning} (target'
                ~ ' {target_value:number}), but {kpi_name} is a KPI that should {kpi_direction}.'
            ),
            evidence=gap_evidence(
                [
                    'kind', 'kpi_id', 'kpi_direction', 'improvement_sign', 'baseline_value', 'do_nothing_value',
                    'target_value'
                ],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and improvement_sign * expected_sign = -1
)

select * from final
