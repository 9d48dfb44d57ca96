-- One row per business key of decision and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('decision') }}
