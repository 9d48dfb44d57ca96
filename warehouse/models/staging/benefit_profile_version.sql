-- One row per business key of benefit_profile and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('benefit_profile') }}
