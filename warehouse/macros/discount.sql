{#-
    The exponent of one band's part of a discount factor, for an aggregate over the bands of core.discount_band in force
    on the base date: factor = exp(-sum(discount_exponent(years, bands))), the bands chained (3-benefits.md, 3.7).
    `years` are days / 365.25 from the base date. Before it, where they are negative, the first band compounds.
-#}
{% macro discount_exponent(years, bands) -%}
    ln(1.0 + {{ bands }}.rate) * (
        greatest(0.0, least({{ years }}, coalesce({{ bands }}.to_year, {{ years }})) - {{ bands }}.from_year)
        + case when {{ bands }}.is_first then least(0.0, {{ years }}) else 0.0 end
    )
{%- endmacro %}
