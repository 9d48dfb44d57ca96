-- One row per feed: its last delivery, whether that is too long ago, and how much of what it sent was good.
-- 4-interfaces.md, meta.feed_health. Seen from `known_at`, or from the end of the business date where that is earlier. Reading
-- archived bytes again (a replay) makes them no newer: they came when they were first received.
{%- set end_of_day = 'cast(' ~ add_days(as_of(), 1) ~ ' as timestamp)' %}
{%- set seen_at = 'least(' ~ known_at() ~ ', ' ~ end_of_day ~ ')' %}
with feed as (
    select * from {{ source('meta', 'feed') }}
),

known as (
    select
        *,
        status = 'accepted' as is_accepted,
        min(received_at) over (partition by root_id) as first_received_at,
        row_number() over (
            partition by feed
            order by known_from desc, delivery_id desc
        ) = 1 as is_last
    from {{ source('meta', 'delivery') }}
    where known_from <= {{ known_at() }} and received_at <= {{ seen_at }}
),

-- A delivery counts once, however often it was read again: as the newest attempt that stands, else as the newest.
delivery as (
    select
        *,
        first_received_at >= {{ dbt.dateadd('day', -30, seen_at) }} as is_recent
    from known
    qualify row_number() over (partition by root_id order by is_accepted desc, known_from desc, delivery_id desc) = 1
),

counted as (
    select
        feed,
        count(*) as deliveries,
        count(case when status = 'refused' then 1 end) as refused_deliveries,
        max(case when status <> 'refused' then first_received_at end) as last_good_at,
        cast(sum(case when is_accepted then accepted end) as bigint) as accepted_rows,
        cast(sum(case when is_accepted then rejected end) as bigint) as rejected_rows,
        cast(sum(case when is_accepted and is_recent then accepted end) as bigint) as accepted_rows_30_days,
        cast(sum(case when is_accepted and is_recent then rejected end) as bigint) as rejected_rows_30_days
    from delivery
    group by feed
),

last_known as (
    select
        feed,
        received_at as last_received_at,
        name as last_name,
        status as last_status
    from known
    where is_last
),

gathered as (
    select
        counted.*,
        last_known.last_received_at,
        last_known.last_name,
        last_known.last_status
    from counted
    inner join last_known on counted.feed = last_known.feed
),

named as (
    select feed from feed
    union
    select feed from gathered
),

final as (
    select
        named.feed,
        feed.description,
        feed.mode,
        feed.freshness_hours,
        coalesce(gathered.deliveries, 0) as deliveries,
        coalesce(gathered.refused_deliveries, 0) as refused_deliveries,
        gathered.last_received_at,
        gathered.last_name,
        gathered.last_status,
        gathered.last_good_at,
        {{ dbt.datediff('gathered.last_good_at', seen_at, 'minute') }} / 60.0 as hours_since_good,
        coalesce({{ dbt.datediff('gathered.last_good_at', seen_at, 'minute') }} / 60.0 > feed.freshness_hours, false)
        or (feed.freshness_hours is not null and gathered.last_good_at is null) as is_late,
        coalesce(gathered.accepted_rows, 0) as accepted_rows,
        coalesce(gathered.rejected_rows, 0) as rejected_rows,
        coalesce(gathered.accepted_rows_30_days, 0) as accepted_rows_30_days,
        coalesce(gathered.rejected_rows_30_days, 0) as rejected_rows_30_days
    from named
    left join feed on named.feed = feed.feed
    left join gathered on named.feed = gathered.feed
)

select * from final
