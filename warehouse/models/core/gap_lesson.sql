-- One row per gap code that lessons name and category of benefits, one of them none: what was learnt of such gaps.
-- 3-benefits.md, 3.8; lessons of the code for every category or for this one, the latest first. One raised after `as_of` does
-- not exist yet.
with lesson as (
    select * from {{ ref('lesson') }}
    where gap_code is not null and coalesce(raised_date <= {{ as_of() }}, true)
),

categories as (
    select distinct category from {{ ref('benefit') }} where category is not null
    union all
    select cast(null as {{ dbt.type_string() }}) as category
),

learnt as (
    select
        lesson.gap_code,
        categories.category,
        lesson.lesson_id,
        lesson.title,
        lesson.recommendation,
        row_number() over (
            partition by lesson.gap_code, categories.category
            order by lesson.raised_date desc nulls last, lesson.lesson_id desc
        ) as place
    from lesson
    inner join categories on lesson.category is null or lesson.category = categories.category
),

final as (
    select
        gap_code,
        category,
        {{ json_text(ordered_list(
            record({'lesson_id': 'lesson_id', 'title': 'title', 'recommendation': 'recommendation'}), 'place'
        )) }} as lessons
    from learnt
    group by gap_code, category
)

select * from final
