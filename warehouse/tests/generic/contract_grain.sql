{#- Passes where no two rows of a contract's model have the same business key. -#}
{% test contract_grain(model, contract) %}
select {{ column_list(contract_named(contract)['keys']) }}, count(*) as rows_found
from {{ model }}
group by {{ column_list(contract_named(contract)['keys']) }}
having count(*) > 1
{% endtest %}
