{#- What the change would have been anyway (3-benefits.md, 3.6): the parts of it that SQL has no word for. -#}

{#- Whether `periods` pre-periods that span `span` ordinals are enough for a trend or a control: 12 of them over a year;
    6 where each is one. -#}
{% macro enough_pre_periods(frequency, periods, span) -%}
    case {{ frequency }}
        when 'year' then {{ periods }} >= 6
        else
            {{ periods }} >= 12
            and {{ span }} >= case {{ frequency }} when 'quarter' then 4 when 'month' then 12 when 'week' then 52 else 365 end
    end
{%- endmacro %}

{#- The 97.5% quantile of Student's t: `tabled`, of the seed student_t; where that is null, the Cornish-Fisher expansion
    around the normal quantile, whose error at more than 200 degrees of freedom is below 1e-11. -#}
{% macro student_t(df, tabled) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set terms = [
        (z ** 3 + z) / 4,
        (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
        (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
        (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
    ] -%}
    coalesce({{ tabled }}, {{ z }}
        {%- for term in terms %} + {{ term }} / power(cast({{ df }} as double), {{ loop.index }}) {%- endfor %})
{%- endmacro %}

{#- Residuals are differences of KPI values: a root of their mean square below 1e-12 of the greatest value is the noise of
    its last bits. -#}
{% macro is_noise(sum_of_squares, count, scale) -%}
    ({{ sum_of_squares }} <= {{ count }} * power(1e-12 * {{ scale }}, 2))
{%- endmacro %}
