-- One row per closed project with an output undelivered.
-- 3-benefits.md, 3.8: CLOSED_UNDELIVERED (delivery).
with projects as (
    select * from {{ ref('project') }}
    where stage = 'closed'
),

outputs as (
    select
        statuses.project_id,
        statuses.output_id,
        statuses.output_name,
        outputs._feed,
        outputs._batch_id,
        outputs._row
    from {{ ref('output_status') }} as statuses
    inner join {{ ref('output') }} as outputs on statuses.output_id = outputs.output_id
    where not statuses.is_delivered
),

undelivered as (
    select
        project_id,
        count(*) as outputs_undelivered,
        {{ joined_text('output_name', 'output_id') }} as undelivered_outputs,
        {{ record_list(source_row('output')) }} as output_rows
    from outputs
    group by project_id
),

flagged as (
    select
        projects.*,
        undelivered.outputs_undelivered,
        undelivered.undelivered_outputs,
        {{ source_rows([source_row('project', 'projects')], 'undelivered.output_rows') }} as source_rows
    from projects
    inner join undelivered on projects.project_id = undelivered.project_id
),

final as (
    select
        {{ project_gap_columns(
            'CLOSED_UNDELIVERED',
            message=sentence(
                '{name} is closed with {outputs_undelivered:of output} undelivered: {undelivered_outputs}.'
            ),
            evidence=gap_evidence(['stage', 'outputs_undelivered', 'undelivered_outputs'])
        ) }}
    from flagged
)

select * from final
