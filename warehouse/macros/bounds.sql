{#- Comparisons with a bound allow an epsilon of 1e-9 relative to the larger side (3-benefits.md, introduction), so
    that a benefit exactly on its bound is on it, whatever the last bits of a sum say. Null where a side is null.

    Improvements are differences of KPI values and keep the noise of these, however small they are themselves: where
    one is compared, `scale` is the greatest of the values that it came from (benefit_split has it). -#}

{% macro epsilon(a, b, scale=none) -%}
    1e-9 * greatest(
        abs(cast({{ a }} as double)), abs(cast({{ b }} as double)){{ ', coalesce(' ~ scale ~ ', 0.0)' if scale }}
    )
{%- endmacro %}

{% macro difference(a, b) -%}
    (cast({{ a }} as double) - cast({{ b }} as double))
{%- endmacro %}

{% macro at_least(a, b, scale=none) -%}
    ({{ difference(a, b) }} >= -{{ epsilon(a, b, scale) }})
{%- endmacro %}

{% macro greater_than(a, b, scale=none) -%}
    ({{ difference(a, b) }} > {{ epsilon(a, b, scale) }})
{%- endmacro %}

{% macro less_than(a, b, scale=none) -%}
    ({{ difference(a, b) }} < -{{ epsilon(a, b, scale) }})
{%- endmacro %}

{% macro nearly_equal(a, b, scale=none) -%}
    (abs({{ difference(a, b) }}) <= {{ epsilon(a, b, scale) }})
{%- endmacro %}
