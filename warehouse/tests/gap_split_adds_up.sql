-- The delivery gap and the realisation gap always sum to the total gap, in KPI units and in money (3-benefits.md, 3.5).
-- What a double cannot hold adds up to nothing: it must not keep all else from being published.
select
    benefit_id,
    period_start
from {{ ref('benefit_period') }}
where
    false
    {%- for gap, figure in [('', '_improvement'), ('_amount', '_amount'), ('_amount_reporting', '_amount_reporting')] %}
    {%- set scale = 'greatest(abs(planned' ~ figure ~ '), abs(rephased' ~ figure ~ '), abs(actual' ~ figure ~ '))' %}
    or (total_gap{{ gap }} is null) <> (realisation_gap{{ gap }} is null)
    or abs(total_gap{{ gap }} - delivery_gap{{ gap }} - realisation_gap{{ gap }})
    > case when {{ scale }} < 1e300 then 1e-9 * {{ scale }} end
    {%- endfor %}
