-- One row per business key of role_capacity and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('role_capacity') }}
