-- One row per benefit with a curve and a period of its life: what it will have brought by its end.
-- 3-benefits.md, 3.7: measured + imputed + forecast, beside the rephased plan; amounts that a part of could not be
-- converted are unknown.
with outlook as (
    select * from {{ ref('benefit_outlook') }}
),

final as (
    select
        benefit_id,
        sum(improvement) as forecast_at_completion,
        sum(amount) as forecast_at_completion_amount,
        {{ reporting_total('amount', 'amount_reporting') }} as forecast_at_completion_amount_reporting,
        sum(rephased_improvement) as rephased_at_completion,
        sum(rephased_amount) as rephased_at_completion_amount,
        {{ reporting_total('rephased_amount', 'rephased_amount_reporting') }}
            as rephased_at_completion_amount_reporting,
        {{ reporting_total(
            "case when outlook = 'measured' then amount end", "case when outlook = 'measured' then amount_reporting end"
        ) }} as realised_amount_reporting,
        {{ reporting_total(
            "case when outlook = 'forecast' then amount end", "case when outlook = 'forecast' then amount_reporting end"
        ) }} as forecast_to_come_amount_reporting,
        count(case when outlook <> 'forecast' then 1 end) as past_periods,
        count(case when outlook = 'imputed' then 1 end) as unmeasured_periods,
        cast(count(case when outlook = 'imputed' then 1 end) as double)
        / nullif(count(case when outlook <> 'forecast' then 1 end), 0) as unmeasured_share
    from outlook
    group by benefit_id
)

select * from final
