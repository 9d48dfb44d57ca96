-- The delivery gap and the realisation gap always sum to the total gap, in KPI units and in money (3-benefits.md, 3.5).
-- What a double cannot hold adds up to nothing: it must not keep all else from being published.
{%- for gap, figure in [('', '_improvement'), ('_amount', '_amount'), ('_amount_reporting', '_amount_reporting')] %}
select
    benefit_id,
    period_start,
    total_gap{{ gap }} as total,
    delivery_gap{{ gap }} + realisation_gap{{ gap }} as parts
from {{ ref('benefit_period') }}
where
    (
        abs(total_gap{{ gap }} - delivery_gap{{ gap }} - realisation_gap{{ gap }})
        > 1e-9 * greatest(abs(planned{{ figure }}), abs(rephased{{ figure }}), abs(actual{{ figure }}))
        and greatest(abs(planned{{ figure }}), abs(rephased{{ figure }}), abs(actual{{ figure }})) < 1e300
    )
    or (total_gap{{ gap }} is null and realisation_gap{{ gap }} is not null)
    or (total_gap{{ gap }} is not null and realisation_gap{{ gap }} is null)
{{ 'union all' if not loop.last }}
{%- endfor %}
