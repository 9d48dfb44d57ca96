{{ config(materialized='view') }}
-- One row per benefit with a curve and KPI period of its whole life: measured, imputed where it was not, else forecast.
-- 3-benefits.md, 3.7: what is not measured is the rephased improvement × the benefit's ratio, between those of the
-- class's P10 and P90. A view: it is large, and every reader wants a few of its columns.
with periods as (
    select
        benefit_id,
        period_start,
        period_end,
        period_ordinal,
        case when actual_improvement is null then 'imputed' else 'measured' end as outlook,
        actual_improvement,
        actual_amount,
        actual_amount_reporting,
        rephased_improvement,
        rephased_amount,
        rephased_amount_reporting,
        value_scale
    from {{ ref('benefit_split') }}
    union all
    select
        benefit_id,
        period_start,
        period_end,
        period_ordinal,
        'forecast' as outlook,
        null as actual_improvement,
        null as actual_amount,
        null as actual_amount_reporting,
        rephased_improvement,
        rephased_amount,
        rephased_amount_reporting,
        greatest(abs(rephased_value), abs(reference_value)) as value_scale
    from {{ ref('benefit_schedule') }}
    where not counts
),

expected as (
    -- The last bits of a difference of KPI values are nothing to expect, and nothing that came.
    select
        benefit_id,
        period_start,
        period_end,
        period_ordinal,
        {%- for figure in ['improvement', 'amount', 'amount_reporting'] %}
        {%- for side in ['actual', 'rephased'] %}
        case
            when {{ nearly_equal(side ~ '_improvement', '0', 'value_scale') }} and {{ side }}_{{ figure }} is not null
                then 0.0
            else {{ side }}_{{ figure }}
        end as {{ side }}_{{ figure }},
        {%- endfor %}
        {%- endfor %}
        outlook
    from periods
),

ratios as (
    select
        benefit_id,
        ratio,
        ratio_p10,
        ratio_p90
    from {{ ref('benefit_ratio') }}
),

final as (
    select
        expected.benefit_id,
        expected.period_start,
        expected.period_end,
        expected.period_ordinal,
        {%- for figure in ['improvement', 'amount', 'amount_reporting'] %}
        {%- set actual, rephased = 'expected.actual_' ~ figure, 'expected.rephased_' ~ figure %}
        coalesce({{ actual }}, {{ rephased }} * ratios.ratio) as {{ figure }},
        coalesce({{ actual }}, {{ rephased }} * ratios.ratio_p10) as p10_{{ figure }},
        coalesce({{ actual }}, {{ rephased }} * ratios.ratio_p90) as p90_{{ figure }},
        {{ rephased }},
        {%- endfor %}
        expected.outlook
    from expected
    inner join ratios on expected.benefit_id = ratios.benefit_id
)

select * from final
