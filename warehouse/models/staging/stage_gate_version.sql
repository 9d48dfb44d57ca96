-- One row per business key of stage_gate and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('stage_gate') }}
