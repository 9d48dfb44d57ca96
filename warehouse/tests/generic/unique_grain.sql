{#- Passes where no two rows agree in all `columns`. -#}
{% test unique_grain(model, columns) %}
{{ rows_that_agree(model, column_list(columns)) }}
{% endtest %}
