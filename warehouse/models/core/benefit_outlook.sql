{{ config(materialized='view') }}
-- One row per benefit with a curve and KPI period of its whole life: measured, imputed where it was not, else forecast.
-- 3-benefits.md, 3.7: what is not measured is the rephased improvement × the benefit's ratio, between those of the
-- class's P10 and P90. A view: it is large, and every reader wants a few of its columns.
with figure as (
    select
        benefit_number,
        period_start,
        period_end,
        period_ordinal,
        amount_share,
        planned_value,
        rephased_value,
        reference_value,
        rate_to_reporting,
        actual_value,
        false as is_to_come
    from {{ ref('split_figure') }}
    union all
    select
        benefit_number,
        period_start,
        period_end,
        period_ordinal,
        amount_share,
        cast(null as double) as planned_value,
        rephased_value,
        reference_value,
        rate_to_reporting,
        cast(null as double) as actual_value,
        true as is_to_come
    from {{ ref('schedule_figure') }}
    where not counts
),

term as (
    select
        benefit_plan.benefit_number,
        benefit_plan.benefit_id,
        benefit_plan.improvement_sign,
        benefit_plan.unit_value,
        benefit_plan.kpi_share,
        ratio.ratio,
        ratio.ratio_p10,
        ratio.ratio_p90
    from {{ ref('benefit_plan') }} as benefit_plan
    inner join {{ ref('benefit_ratio') }} as ratio on benefit_plan.benefit_id = ratio.benefit_id
),

valued as (
    select
        term.benefit_id,
        figure.benefit_number,
        figure.period_start,
        figure.period_end,
        figure.period_ordinal,
        term.ratio,
        term.ratio_p10,
        term.ratio_p90,
        figure.is_to_come,
        figure.rate_to_reporting,
        {{ unit_amount_of('term', 'figure') }} as unit_amount,
        {{ improvement_of('term', 'figure', 'actual') }} as actual_improvement,
        {{ improvement_of('term', 'figure', 'rephased') }} as rephased_improvement,
        {{ value_scale_of('figure') }} as value_scale
    from figure
    inner join term on figure.benefit_number = term.benefit_number
),

expected as (
    -- The last bits of a difference of KPI values are nothing to expect, and nothing that came.
    select
        *,
        case
            when {{ nearly_equal('actual_improvement', '0', 'value_scale') }} then 0.0
            else actual_improvement
        end as actual,
        case
            when {{ nearly_equal('rephased_improvement', '0', 'value_scale') }} then 0.0
            else rephased_improvement
        end as rephased
    from valued
),

priced as (
    select
        *,
        {%- for side in ['actual', 'rephased'] %}
        {{ side }} * unit_amount as {{ side }}_amount,
        {{ side }} * unit_amount * rate_to_reporting as {{ side }}_amount_reporting,
        {%- endfor %}
        case
            when is_to_come then 'forecast'
            when actual_improvement is null then 'imputed'
            else 'measured'
        end as outlook
    from expected
),

final as (
    select
        benefit_id,
        benefit_number,
        period_start,
        period_end,
        period_ordinal,
        {%- for figure in ['improvement', 'amount', 'amount_reporting'] %}
        {%- set suffix = '' if figure == 'improvement' else '_' ~ figure %}
        coalesce(actual{{ suffix }}, rephased{{ suffix }} * ratio) as {{ figure }},
        coalesce(actual{{ suffix }}, rephased{{ suffix }} * ratio_p10) as p10_{{ figure }},
        coalesce(actual{{ suffix }}, rephased{{ suffix }} * ratio_p90) as p90_{{ figure }},
        rephased{{ suffix }} as rephased_{{ figure }},
        {%- endfor %}
        outlook
    from priced
)

select * from final
