{#- Passes where no two rows of a table of numbers agree in the column `number` and `period_start`, neither of which is ever null. -#}
{% test one_row_a_period(model, number) %}
{{ rows_of_one_period(model, number) }}
{% endtest %}
