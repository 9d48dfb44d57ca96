{#- Passes where no two rows of a contract's model have the same business key. -#}
{% test contract_grain(model, contract) %}
{{ rows_that_agree(model, column_list(contract_named(contract)['keys'])) }}
{% endtest %}
