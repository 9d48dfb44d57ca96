{#- Passes where no two rows agree in all `columns`. -#}
{% test unique_grain(model, columns) %}
select {{ column_list(columns) }}, count(*) as rows_found
from {{ model }}
group by {{ column_list(columns) }}
having count(*) > 1
{% endtest %}
