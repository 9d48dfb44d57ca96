-- One row per business key of resource_allocation and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('resource_allocation') }}
