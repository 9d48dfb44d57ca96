-- One row per benefit and claimed period, claimed by `as_of` (3-benefits.md, first list).
-- A claim without `claimed_on` counts from the end of its period, by the benefit's KPI; without one, from its start.
with claim as (
    {{ current_rows('benefit_claim') }}
),

benefit as (
    select * from {{ ref('benefit') }}
),

kpi as (
    select * from {{ ref('kpi') }}
),

final as (
    select claim.*
    from claim
    left join benefit on claim.benefit_id = benefit.benefit_id
    left join kpi on benefit.kpi_id = kpi.kpi_id
    where
        coalesce(
            claim.claimed_on,
            {{ period_end('kpi.frequency', 'claim.period_start') }},
            claim.period_start
        ) <= {{ as_of() }}
)

select * from final
