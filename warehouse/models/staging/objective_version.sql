-- One row per business key of objective and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('objective') }}
