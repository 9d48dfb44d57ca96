-- One row per project: the benefits that are its share, undiscounted, in the reporting currency.
-- 3-benefits.md, 3.7: Σ share × the benefit's amounts; 0 without benefits, unknown where a part could not be converted.
{%- set shares = {'planned': 'planned', 'realised': 'forecast', 'forecast': 'forecast'} %}
with final as (
    select
        {%- for total, share in shares.items() %}
        {{ whole_sum(
            'case when benefit_value.benefit_id is null or project_share.' ~ share ~ '_share = 0 then 0.0'
            ~ ' else project_share.' ~ share ~ '_share * benefit_value.' ~ total ~ '_reporting end'
        ) }} as {{ total }}_benefit,
        {%- endfor %}
        project.project_id
    from {{ ref('project') }} as project
    left join {{ ref('project_share') }} as project_share on project.project_id = project_share.project_id
    left join {{ ref('benefit_value') }} as benefit_value on project_share.benefit_id = benefit_value.benefit_id
    group by project.project_id
)

select * from final
