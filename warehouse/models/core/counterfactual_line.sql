-- One row per benefit with pre-periods enough for a trend or control: the line through their means.
-- 3-benefits.md, 3.6: least squares on the ordinal, or the control's own movement, a slope of 1. Sums are of distances from
-- the means: ordinals and values are large beside what they change by.
with pre_period as (
    select * from {{ ref('pre_period') }}
),

gathered as (
    select
        benefit_id,
        counterfactual,
        frequency,
        count(*) as periods,
        min(period_ordinal) as first_ordinal,
        max(period_ordinal) as last_ordinal,
        avg(explained_by) as mean_explained_by,
        avg(value) as mean_value,
        max(
            greatest(abs(value), case counterfactual when 'control' then abs(explained_by) else 0.0 end)
        ) as greatest_value
    from pre_period
    group by benefit_id, counterfactual, frequency
),

sufficient as (
    select * from gathered
    where {{ enough_pre_periods('frequency', 'periods', '(last_ordinal - first_ordinal + 1)') }}
),

summed as (
    select
        pre_period.benefit_id,
        sum(power(pre_period.explained_by - sufficient.mean_explained_by, 2)) as sum_of_squares,
        sum(
            (pre_period.explained_by - sufficient.mean_explained_by) * (pre_period.value - sufficient.mean_value)
        ) as sum_of_products
    from pre_period
    inner join sufficient on pre_period.benefit_id = sufficient.benefit_id
    group by pre_period.benefit_id
),

final as (
    select
        sufficient.*,
        summed.sum_of_squares,
        case
            when sufficient.counterfactual = 'control' then 1.0
            else summed.sum_of_products / summed.sum_of_squares
        end as slope
    from sufficient
    inner join summed on sufficient.benefit_id = summed.benefit_id
)

select * from final
