-- One row per business key of cost and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('cost') }}
