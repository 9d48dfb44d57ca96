-- One row per business key of output and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('output') }}
