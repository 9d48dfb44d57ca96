-- One row per benefit with pre-periods enough for a trend or control: the line, and how far it can be trusted.
-- 3-benefits.md, 3.6: `deviation` is that of the residuals on n - 2 (trend) or n - 1 (control) degrees of freedom, `widening`
-- √((1 + ρ)/(1 - ρ)), with ρ the correlation of a residual with the one before it.
with lines as (
    select * from {{ ref('counterfactual_line') }}
),

residuals as (
    select
        pre_period.benefit_id,
        pre_period.period_ordinal,
        pre_period.value - lines.mean_value
        - lines.slope * (pre_period.explained_by - lines.mean_explained_by) as residual
    from {{ ref('pre_period') }} as pre_period
    inner join lines on pre_period.benefit_id = lines.benefit_id
),

followed as (
    select
        *,
        lag(residual) over (partition by benefit_id order by period_ordinal) as residual_before
    from residuals
),

summed as (
    select
        benefit_id,
        sum(residual * residual) as sum_of_residuals,
        sum(residual * residual_before) as sum_of_neighbours
    from followed
    group by benefit_id
),

spread as (
    select
        lines.*,
        lines.periods - case lines.counterfactual when 'trend' then 2 else 1 end as degrees,
        case
            when {{ is_noise('summed.sum_of_residuals', 'lines.periods', 'lines.greatest_value') }} then 0.0
            else summed.sum_of_residuals
        end as sum_of_residuals,
        summed.sum_of_neighbours
    from lines
    inner join summed on lines.benefit_id = summed.benefit_id
),

correlated as (
    select
        *,
        sqrt(sum_of_residuals / degrees) as deviation,
        coalesce(least(0.95, greatest(0.0, sum_of_neighbours / nullif(sum_of_residuals, 0.0))), 0.0) as correlation
    from spread
),

final as (
    select
        correlated.*,
        sqrt((1 + correlated.correlation) / (1 - correlated.correlation)) as widening,
        {{ student_t('correlated.degrees', 'student_t.quantile') }} as quantile
    from correlated
    left join {{ ref('student_t') }} as student_t on correlated.degrees = student_t.df
)

select * from final
