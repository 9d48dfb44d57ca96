-- One row per benefit and KPI period with a claim; where the benefit's KPI is unknown, per benefit and claim.
-- 3-benefits.md, 3.6: what is claimed in the KPI units of this benefit alone, amounts ÷ unit_value where no improvement is
-- given. Parts that cannot be said in KPI units are left out.
with claim as (
    select * from {{ ref('benefit_claim') }}
),

benefit_plan as (
    select * from {{ ref('benefit_plan') }}
),

placed as (
    select
        claim.*,
        benefit_plan.frequency,
        benefit_plan.kpi_share,
        coalesce({{ period_start('benefit_plan.frequency', 'claim.period_start') }}, claim.period_start) as first_day,
        coalesce(
            claim.claimed_improvement, cast(claim.claimed_amount as double) / nullif(benefit_plan.unit_value, 0)
        ) as own_improvement
    from claim
    inner join benefit_plan on claim.benefit_id = benefit_plan.benefit_id
),

gathered as (
    select
        benefit_id,
        first_day as period_start,
        frequency,
        kpi_share,
        count(*) as claims,
        sum(own_improvement) as claimed_own,
        sum(claimed_amount) as claimed_amount,
        {{ record_list(source_row('benefit_claim')) }} as claim_rows
    from placed
    group by benefit_id, first_day, frequency, kpi_share
),

final as (
    select
        *,
        {{ period_last_day('frequency', 'period_start') }} as period_end
    from gathered
)

select * from final
