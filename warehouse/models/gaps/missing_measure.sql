-- One row per live benefit, other than qualitative, that names no KPI or one that is not known.
-- 3-benefits.md, 3.8: MISSING_MEASURE (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'MISSING_MEASURE',
            message='case when kpi_id is null then ' ~ sentence(
                '{benefit_name} names no KPI, so nothing will show whether it comes[; its target is'
                ~ ' {target_value:number}].'
            ) ~ ' else ' ~ sentence(
                '{benefit_name} is to be measured by {kpi_id}, a KPI that is not registered.'
            ) ~ ' end',
            evidence=gap_evidence(
                ['kind', 'benefit_type', 'kpi_id', 'target_value', 'target_date'],
                source_rows([source_row('benefit')])
            )
        ) }}
    from benefits
    -- kpi_name is the KPI's own and required: null where the KPI is not known.
    where is_live and coalesce(benefit_type, '') <> 'qualitative' and kpi_name is null
)

select * from final
