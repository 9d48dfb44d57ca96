-- Nothing vanishes: every current benefit appears in the register, whatever else is missing about it (4-interfaces.md).
with counted as (
    select
        (select count(*) from {{ ref('benefit') }}) as benefits,
        (select count(*) from {{ ref('benefit_register') }}) as registered
)

select * from counted where benefits <> registered
