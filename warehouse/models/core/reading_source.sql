-- One row per feed and batch that brought readings; `source_number` stands for both in the tables of a row per period.
with batch as (
    select distinct _feed, _batch_id from {{ ref('kpi_reading_version') }}
),

final as (
    select
        cast(row_number() over (order by _feed, _batch_id) as integer) as source_number,
        _feed,
        _batch_id
    from batch
)

select * from final
