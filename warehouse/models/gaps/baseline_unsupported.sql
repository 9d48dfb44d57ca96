-- One row per live benefit whose baseline differs from what its KPI showed by more than the slack.
-- 3-benefits.md, 3.8: BASELINE_UNSUPPORTED (definition, BD).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live
),

periods as (
    select * from {{ ref('kpi_period') }}
    where is_measured
),

flagged as (
    select
        benefits.*,
        periods.value as measured_value,
        abs(periods.value - benefits.baseline_value) as difference,
        {{ source_rows([source_row('benefit', 'benefits'), source_row('kpi_reading', 'periods')]) }} as source_rows
    from benefits
    inner join periods
        on
            benefits.kpi_id = periods.kpi_id
            and benefits.dimension = periods.dimension
            and {{ period_start('benefits.frequency', 'benefits.baseline_date') }} = periods.period_start
    where {{ greater_than(
        'abs(periods.value - benefits.baseline_value)',
        'benefits.slack',
        'greatest(abs(periods.value), abs(benefits.baseline_value))'
    ) }}
),

final as (
    select
        {{ benefit_gap_columns(
            'BASELINE_UNSUPPORTED',
            message=sentence(
                '{benefit_name} starts from {baseline_value:number} {kpi_unit} on {baseline_date:date}, but {kpi_name}'
                ~ ' stood at {measured_value:number} in that {frequency}: {difference:number} apart where'
                ~ ' {slack:number} is tolerated.'
            ),
            evidence=gap_evidence(
                ['kpi_id', 'dimension', 'baseline_date', 'baseline_value', 'measured_value', 'difference', 'slack']
            )
        ) }}
    from flagged
)

select * from final
