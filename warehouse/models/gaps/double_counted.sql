-- One row per live benefit that counts, with others of its kind, more than the whole of a KPI on some day.
-- 3-benefits.md, 3.8: DOUBLE_COUNTED (linkage, B and D apart). '' counts in all slices; sums peak where a window of theirs starts.
-- Of many that share a KPI the greatest are named, and their number.
{%- set named = 20 %}
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where is_live
),

slices as (
    select distinct
        slice.kpi_id,
        slice.kind,
        slice.dimension as slice,
        opening.start_date as counted_on,
        dense_rank() over (order by slice.kpi_id, slice.kind, slice.dimension, opening.start_date) as cell
    from benefits as slice
    inner join benefits as opening
        on
            slice.kpi_id = opening.kpi_id and slice.kind = opening.kind
            and opening.dimension in (slice.dimension, '')
),

shares as (
    select
        benefits.*,
        slices.slice,
        slices.counted_on,
        slices.cell,
        cast(sum(benefits.kpi_share) over (partition by slices.cell) as double) as total_share
    from slices
    inner join benefits
        on
            slices.kpi_id = benefits.kpi_id and slices.kind = benefits.kind
            and benefits.dimension in (slices.slice, '')
            and slices.counted_on between benefits.start_date and benefits.end_date
),

worst as (
    select * from shares
    where {{ greater_than('total_share', '1') }}
    qualify row_number() over (partition by benefit_id order by total_share desc, counted_on asc, slice asc) = 1
),

ranked as (
    select
        *,
        row_number() over (partition by cell order by kpi_share desc, benefit_id asc) as place
    from shares
    where cell in (select worst.cell from worst)
),

sharers as (
    select
        cell,
        {{ joined_text('case when place <= ' ~ named ~ ' then benefit_name end', 'benefit_id') }} as benefits_counting,
        nullif(greatest(count(*) - {{ named }}, 0), 0) as benefits_more,
        {{ record_list('case when place <= ' ~ named ~ ' then ' ~ source_row('benefit') ~ ' end') }} as sharer_rows
    from ranked
    group by cell
),

flagged as (
    select
        worst.*,
        sharers.benefits_counting,
        sharers.benefits_more,
        {{ source_rows(
            ['case when ranked.place > ' ~ named ~ ' then ' ~ source_row('benefit', 'worst') ~ ' end'],
            'sharers.sharer_rows'
        ) }} as source_rows
    from worst
    inner join sharers on worst.cell = sharers.cell
    inner join ranked on worst.cell = ranked.cell and worst.benefit_id = ranked.benefit_id
),

final as (
    select {{ benefit_gap_columns('DOUBLE_COUNTED',
        message=sentence('KPI {kpi_id}[, {kpi_name},] is counted {total_share:weight} times on {counted_on:date}, by'
            ~ ' {benefits_counting}[ and {benefits_more:of other}]: {benefit_name} counts {kpi_share:weight}.'),
        evidence=gap_evidence(['kpi_id', 'slice', 'counted_on', 'kpi_share', 'total_share', 'benefits_counting'])
    ) }}
    from flagged
)

select * from final
