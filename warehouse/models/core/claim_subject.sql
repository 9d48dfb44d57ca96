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

series as (
    select * from {{ ref('kpi_series') }}
),

measured as (
    select * from {{ ref('period_figure') }}
),

sources as (
    select * from {{ ref('reading_source') }}
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
        sources._feed as reading_feed,
        sources._batch_id as reading_batch_id,
        measured._row as reading_row
    from claims
    inner join benefits on claims.benefit_id = benefits.benefit_id
    inner join plans on claims.benefit_id = plans.benefit_id
    left join series on benefits.kpi_id = series.kpi_id and benefits.dimension = series.dimension
    left join measured
        on series.series_number = measured.series_number and claims.period_start = measured.period_start
    left join sources on measured.source_number = sources.source_number
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
