-- One row per benefit and KPI period with a claim, disbenefits apart: the benefit, the claim in words, and its measure then.
-- 3-benefits.md, 3.8: for the codes about claims, that ask live and ended benefits alike.
with benefits as (
    select * from {{ ref('benefit_subject') }} where kind = 'benefit'
),

claims as (
    select * from {{ ref('claim_period') }}
),

plans as (
    select * from {{ ref('benefit_plan') }}
),

measured as (
    select * from {{ ref('kpi_period') }}
),

joined as (
    select
        benefits.*,
        plans.currency,
        claims.period_start,
        claims.period_end,
        claims.claimed_own,
        claims.claimed_amount,
        claims.claim_rows,
        coalesce(measured.is_measured, false) as is_measured,
        measured.coverage,
        measured._feed as reading_feed,
        measured._batch_id as reading_batch_id,
        measured._row as reading_row
    from claims
    inner join benefits on claims.benefit_id = benefits.benefit_id
    inner join plans on claims.benefit_id = plans.benefit_id
    left join measured
        on
            benefits.kpi_id = measured.kpi_id
            and benefits.dimension = measured.dimension
            and claims.period_start = measured.period_start
),

final as (
    select
        *,
        case
            when claimed_own is null then {{ sentence('{claimed_amount:money currency}') }}
            else {{ sentence('{claimed_own:number}[ {kpi_unit:change}][ ({claimed_amount:money currency})]') }}
        end as claimed,
        case
            when period_end is null then {{ sentence('the time from {period_start:date}') }}
            else {{ sentence('the {frequency} to {period_end:date}') }}
        end as claimed_for
    from joined
)

select * from final
