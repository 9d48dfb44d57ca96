-- One row per benefit and point of its profile, as it stood when the benefit was promised.
-- 3-benefits.md, 3.7: a profile that was drawn up later counts as it was drawn up first. A point that a snapshot dropped
-- stood until the day of that snapshot.
with snapshots as (
    {{ snapshot_places('benefit_profile') }}
),

versions as (
    {{ versions_read_aright('benefit_profile') }}
),

statements as (
    {{ placed_versions('versions', 'snapshots', ['benefit_id', 'date', 'planned_value']) }}
),

drawn as (
    select benefit_id, min(cast(_effective_at as date)) as first_on
    from statements
    group by benefit_id
),

stood as (
    select statements.*
    from statements
    inner join drawn on statements.benefit_id = drawn.benefit_id
    inner join {{ ref('benefit_promise') }} as benefit_promise
        on statements.benefit_id = benefit_promise.benefit_id
    where cast(statements._effective_at as date) <= greatest(drawn.first_on, benefit_promise.stood_on)
    qualify row_number() over (
        partition by statements.benefit_id, statements.date
        order by statements._effective_at desc, statements.known_from desc
    ) = 1
),

final as (
    select benefit_id, date, planned_value
    from stood
    where not is_closed
)

select * from final
