-- One row: what the portfolio selection is asked.
-- 3-benefits.md, 3.7: the question kept last by `known_at` (`fruition optimise --keep`); without one, no budget limit.
with kept as (
    select * from {{ source('meta', 'selection_question') }}
    where asked_at <= {{ known_at() }}
    order by asked_at desc
    limit 1
),

build as (
    select {{ as_of() }} as as_of
),

final as (
    select
        build.as_of,
        {{ reporting_currency() }} as currency,
        kept.budget,
        kept.role_capacity
    from build
    left join kept on true
)

select * from final
