-- Nothing vanishes: every current benefit was promised in some state, whatever else is missing about it (3-benefits.md, 3.7).
with counted as (
    select
        (select count(*) from {{ ref('benefit') }}) as benefits,
        (select count(*) from {{ ref('benefit_promise') }}) as promised
)

select * from counted where benefits <> promised
