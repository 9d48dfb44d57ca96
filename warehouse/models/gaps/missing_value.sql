-- One row per live cashable benefit without a unit value.
-- 3-benefits.md, 3.8: MISSING_VALUE (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_VALUE',
            message=sentence(
                '{benefit_name} is to be cashed, but no money is set against its improvement[ of'
                ~ ' {full_improvement:number} {kpi_unit:change} a {frequency}].'
            ),
            evidence=gap_evidence(
                ['kind', 'benefit_type', 'kpi_id', 'full_improvement', 'unit_value'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    where is_live and benefit_type = 'cashable' and unit_value is null
)

select * from final
