-- One row per live benefit whose baseline differs from what its KPI showed by more than the slack.
-- 3-benefits.md, 3.8: BASELINE_UNSUPPORTED (definition, BD).
with benefits as (
    select
        subjects.*,
        series.series_number,
        {{ period_start('subjects.frequency', 'subjects.baseline_date') }} as baseline_period
    from {{ ref('benefit_subject') }} as subjects
    left join {{ ref('kpi_series') }} as series
        on subjects.kpi_id = series.kpi_id and subjects.dimension = series.dimension
    where subjects.is_live
),

periods as (
    select * from {{ ref('period_figure') }}
    where is_measured
),

flagged as (
    select
        benefits.*,
        periods.value as measured_value,
        abs(periods.value - benefits.baseline_value) as difference,
        source._feed as reading_feed,
        source._batch_id as reading_batch_id,
        periods._row as reading_row
    from benefits
    inner join periods
        on benefits.series_number = periods.series_number and benefits.baseline_period = periods.period_start
    left join {{ ref('reading_source') }} as source on periods.source_number = source.source_number
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
                ['kpi_id', 'dimension', 'baseline_date', 'baseline_value', 'measured_value', 'difference', 'slack'],
                source_rows([source_row('benefit'), source_row('kpi_reading', prefix='reading_')])
            )
        ) }}
    from flagged
)

select * from final
