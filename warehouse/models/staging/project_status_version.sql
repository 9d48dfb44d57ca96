-- One row per business key of project_status and span of knowledge (2-contracts.md, 'What happens to a delivery').
{{ versions('project_status') }}
