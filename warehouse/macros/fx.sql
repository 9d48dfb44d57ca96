{#- The rate on or before a date (3-benefits.md, 3.5). `fx_join` joins fx_rate_span under an alias; `fx_rate` is the
    rate then: 1 for the reporting currency, null where there is none, since a rate is never guessed. -#}

{% macro fx_join(currency, date, alias='fx') -%}
left join {{ ref('fx_rate_span') }} as {{ alias }}
        on
            {{ currency }} = {{ alias }}.currency
            and {{ date }} >= {{ alias }}.valid_from
            and {{ date }} <= coalesce({{ alias }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}

{% macro fx_rate(currency, alias='fx') -%}
    case when {{ currency }} = {{ reporting_currency() }} then 1.0 else {{ alias }}.rate end
{%- endmacro %}


{#- Aggregate: the sum of reporting amounts, null where a part that is not nothing could not be converted. Parts without
    an amount of their own are left out. -#}
{% macro reporting_total(amount, amount_reporting) -%}
    case
        when count(case when {{ amount }} <> 0 then 1 end) = count(case when {{ amount }} <> 0 then {{ amount_reporting }} end)
            then sum(case when {{ amount }} = 0 then 0.0 else {{ amount_reporting }} end)
    end
{%- endmacro %}
