-- One row per build of the gaps' history, in order: those recorded up to this build and, unless it is recorded, itself.
-- 4-interfaces.md, 'Builds'. Making a recorded build again rewrites nothing: what was recorded of it stands. A recorded build
-- of a later date (a mistyped year) does not exist for an earlier one. To a build without a number, which looks back to between
-- two others, what was recorded by its known_at is the history.
with recorded as (
    select
        seq,
        as_of,
        known_at,
        false as is_this_build
    from {{ source('meta', 'recorded_build') }}
    where
        as_of <= {{ as_of() }}
        and case
            when {{ build_seq() }} is not null then seq <= {{ build_seq() }} else known_at <= {{ known_at() }}
        end
),

this as (
    select
        {{ build_seq() }} as seq,
        {{ as_of() }} as as_of,
        {{ known_at() }} as known_at,
        true as is_this_build
    where {{ build_seq() }} is not null and {{ build_seq() }} not in (select recorded.seq from recorded)
),

builds as (
    select * from recorded
    union all
    select * from this
),

final as (
    select
        cast(row_number() over (order by seq) as integer) as build_number,
        seq,
        as_of,
        known_at,
        is_this_build
    from builds
)

select * from final
