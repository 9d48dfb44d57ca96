-- Nothing vanishes: every current project is valued, in its programme and in its portfolio too (4-interfaces.md).
with counted as (
    select
        (select count(*) from {{ ref('project') }}) as projects,
        (select count(*) from {{ ref('project_value') }}) as valued,
        (select coalesce(sum(projects), 0) from {{ ref('programme_value') }}) as in_programmes,
        (select coalesce(sum(projects), 0) from {{ ref('portfolio_value') }}) as in_portfolios
)

select * from counted where projects <> valued or projects <> in_programmes or projects <> in_portfolios
