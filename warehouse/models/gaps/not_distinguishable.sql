-- One row per live benefit, disbenefits apart, whose improvement may as well have come by itself.
-- 3-benefits.md, 3.8: NOT_DISTINGUISHABLE (realisation, B); asked of the latest period with a trend or a control.
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live and kind = 'benefit'
),

graded as (
    select * from {{ ref('benefit_split') }}
    where evidence_grade in ('A', 'B')
    qualify row_number() over (partition by benefit_id order by period_start desc) = 1
),

flagged as (
    select
        benefits.*,
        graded.period_end,
        graded.actual_improvement,
        graded.counterfactual_value,
        graded.counterfactual_used,
        graded.attributable_improvement,
        graded.attributable_low,
        graded.attributable_high,
        graded.evidence_grade,
        fits.periods as pre_periods,
        case graded.counterfactual_used
            when 'trend' then 'the trend from before it' else 'its control'
        end as compared_with,
        {{ source_rows([
            source_row('benefit', 'benefits'),
            source_row('kpi_reading', 'graded'),
            source_row('kpi_reading', 'controls')
        ]) }} as source_rows
    from graded
    inner join benefits on graded.benefit_id = benefits.benefit_id
    inner join {{ ref('counterfactual_series') }} as series on graded.benefit_id = series.benefit_id
    inner join {{ ref('counterfactual_fit') }} as fits on graded.benefit_id = fits.benefit_id
    left join {{ ref('kpi_period') }} as controls
        on series.control_series_number = controls.series_number and graded.period_start = controls.period_start
    where
        {{ greater_than('graded.actual_improvement', '0', 'graded.value_scale') }}
        and not {{ greater_than('graded.attributable_low', '0', 'graded.value_scale') }}
),

final as (
    select
        {{ benefit_gap_columns(
            'NOT_DISTINGUISHABLE',
            message=sentence(
                '{benefit_name} measures {actual_improvement:number}[ {kpi_unit:change}] {direction} in the {frequency} to'
                ~ ' {period_end:date}; measured against {compared_with} the improvement is'
                ~ ' {attributable_improvement:number}, with 95% certainty between {attributable_low:number} and'
                ~ ' {attributable_high:number}: it may as well have come by itself.'
            ),
            evidence=gap_evidence([
                'kpi_id', 'dimension', 'period_end', 'actual_improvement', 'counterfactual_used', 'counterfactual_value',
                'pre_periods', 'attributable_improvement', 'attributable_low', 'attributable_high', 'evidence_grade'
            ])
        ) }}
    from flagged
)

select * from final
