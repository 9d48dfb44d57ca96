-- One row per business key of fx_rate and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('fx_rate') }}
