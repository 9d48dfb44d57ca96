-- One row per feed: its last delivery, whether that is too long ago, and how much of what it sent was good.
-- 4-interfaces.md, meta.feed_health. Seen from `known_at`, or from the end of the business date where that is earlier.
{%- set end_of_day = 'cast(' ~ add_days(as_of(), 1) ~ ' as timestamp)' %}
{%- set seen_at = 'least(' ~ known_at() ~ ', ' ~ end_of_day ~ ')' %}
with feed as (
    select * from {{ source('meta', 'feed') }}
),

delivery as (
    select
        *,
        status = 'accepted' as is_accepted,
        received_at >= {{ dbt.dateadd('day', -30, seen_at) }} as is_recent,
        row_number() over (partition by feed order by received_at desc, delivery_id desc) = 1 as is_last
    from {{ source('meta', 'delivery') }}
    where received_at <= {{ seen_at }}
),

gathered as (
    select
        feed,
        count(*) as deliveries,
        count(case when status = 'refused' then 1 end) as refused_deliveries,
        max(received_at) as last_received_at,
        max(case when is_last then name end) as last_name,
        max(case when is_last then status end) as last_status,
        max(case when status <> 'refused' then received_at end) as last_good_at,
        cast(sum(case when is_accepted then accepted end) as bigint) as accepted_rows,
        cast(sum(case when is_accepted then rejected end) as bigint) as rejected_rows,
        cast(sum(case when is_accepted and is_recent then accepted end) as bigint) as accepted_rows_30_days,
        cast(sum(case when is_accepted and is_recent then rejected end) as bigint) as rejected_rows_30_days
    from delivery
    group by feed
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
