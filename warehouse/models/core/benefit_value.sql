-- One row per benefit that is summed and has an amount: what it is worth over its life, in the reporting currency.
-- 3-benefits.md, 3.7: as promised, as measured so far, and as forecast; harm negatively; not those with another benefit that
-- carries a unit_value downstream. A sum of which a part that is not nothing could not be converted is unknown.
with intermediate as (
    select benefit_id from {{ ref('benefit_downstream') }} where is_intermediate
),

promised as (
    select
        benefit_id,
        planned,
        0.0 as realised,
        0.0 as forecast
    from {{ ref('promised_value') }}
),

expected as (
    select
        benefit_id,
        0.0 as planned,
        case when past_periods = unmeasured_periods then 0.0 else realised_amount_reporting end as realised,
        forecast_at_completion_amount_reporting as forecast
    from {{ ref('benefit_completion') }}
    where
        forecast_at_completion_amount is not null
        and benefit_id not in (select intermediate.benefit_id from intermediate)
),

valued as (
    select * from promised
    union all
    select * from expected
),

final as (
    select
        {%- for total in ['planned', 'realised', 'forecast'] %}
        {{ whole_sum(signed('benefit.kind', 'valued.' ~ total)) }} as {{ total }}_reporting,
        {%- endfor %}
        valued.benefit_id
    from valued
    inner join {{ ref('benefit') }} as benefit on valued.benefit_id = benefit.benefit_id
    group by valued.benefit_id
)

select * from final
