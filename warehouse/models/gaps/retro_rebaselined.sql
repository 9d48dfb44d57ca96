-- One row per live benefit of which a figure of the plan was changed after its approval, or after its first reading.
-- 3-benefits.md, 3.8: RETRO_REBASELINED (definition, BD). Filling in what was missing is no change, but a do-nothing value
-- that is null means none; nor is it one where the same delivery was read again (a replay), which changes only our reading.
{%- set figures = [
    ('baseline_value', 'baseline', 'number'),
    ('target_value', 'target', 'number'),
    ('target_date', 'target date', 'date'),
    ('do_nothing_value', 'do-nothing value', 'number'),
] %}
with benefits as (
    select
        subjects.*,
        registered.approved_date
    from {{ ref('benefit_subject') }} as subjects
    inner join {{ ref('benefit') }} as registered on subjects.benefit_id = registered.benefit_id
    where subjects.is_live
),

-- What was ever shown of a benefit; a version that was overtaken before it came never was.
versions as (
    select
        *,
        {%- for column, _, _ in figures %}
        lag({{ column }}) over (partition by benefit_id order by known_from) as former_{{ column }},
        {%- endfor %}
        lag(_effective_at) over (partition by benefit_id order by known_from) as former_at,
        lag(_feed) over (partition by benefit_id order by known_from) as former_feed,
        lag(_batch_id) over (partition by benefit_id order by known_from) as former_batch_id,
        lag(_row) over (partition by benefit_id order by known_from) as former_row
    from {{ ref('benefit_version') }}
    where
        known_from <= {{ known_by() }}
        and (known_to is null or known_to > known_from)
        and not is_closed
),

delivered as (
    select
        delivery.known_from,
        delivery.withdrawn_at,
        delivery.delivery_id = delivery.root_id as is_new
    from {{ source('meta', 'delivery') }} as delivery
    inner join {{ source('meta', 'delivery_contract') }} as delivery_contract
        on delivery.delivery_id = delivery_contract.delivery_id
    where delivery_contract.contract = 'benefit'
),

-- The moments at which deliveries were read again and nothing new came.
read_again as (
    select withdrawn_at from delivered
    where withdrawn_at is not null
    except
    select known_from from delivered
    where is_new
),

changes as (
    {%- for column, figure, kind in figures %}
    select
        versions.benefit_id,
        '{{ figure }}' as figure,
        coalesce({{ figure_text('versions.former_' ~ column, kind) }}, 'none') as former_text,
        coalesce({{ figure_text('versions.' ~ column, kind) }}, 'none') as new_text,
        cast(versions.former_{{ column }} as {{ dbt.type_string() }}) as former_value,
        cast(versions.{{ column }} as {{ dbt.type_string() }}) as new_value,
        case when {{ 'false' if kind == 'date' else 'versions.' ~ column ~ ' is not null' }} then benefits.kpi_unit end as unit,
        versions.former_at,
        versions._effective_at as changed_at,
        cast(versions._effective_at as date) as changed_on,
        versions.former_feed,
        versions.former_batch_id,
        versions.former_row,
        versions._feed as new_feed,
        versions._batch_id as new_batch_id,
        versions._row as new_row
    from versions
    inner join benefits on versions.benefit_id = benefits.benefit_id
    where
        versions.{{ column }} is distinct from versions.former_{{ column }}
        {%- if column == 'do_nothing_value' %}
        -- A version without any of the figures came from a feed that says nothing of the plan.
        and (
            {%- for column, _, _ in figures %}
            {{ 'or ' if not loop.first }}versions.former_{{ column }} is not null
            {%- endfor %}
        )
        {%- else %}
        and versions.former_{{ column }} is not null
        {%- endif %}
        and versions.former_at is not null
        and versions.known_from not in (select read_again.withdrawn_at from read_again)
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

first_readings as (
    select
        benefits.benefit_id,
        min(readings.known_from) as first_received_at
    from {{ ref('kpi_reading_version') }} as readings
    inner join benefits on readings.kpi_id = benefits.kpi_id and readings.dimension = benefits.dimension
    where
        readings.known_from <= {{ known_by() }}
        and readings.period_start between benefits.start_date and {{ as_of() }}
        and benefits.benefit_id in (select changes.benefit_id from changes)
    group by benefits.benefit_id
),

late_changes as (
    select
        changes.*,
        first_readings.first_received_at
    from changes
    inner join benefits on changes.benefit_id = benefits.benefit_id
    left join first_readings on changes.benefit_id = first_readings.benefit_id
    where changes.changed_on > benefits.approved_date or changes.changed_at > first_readings.first_received_at
),

named as (
    select
        benefit_id,
        min(first_received_at) as first_received_at,
        {{ joined_text(
            sentence('{figure} from {former_text} to {new_text}[ {unit}] on {changed_on:date}'), 'changed_at, figure'
        ) }} as changes_text,
        {{ record_list(record({
            'changed_at': 'changed_at',
            'former_at': 'former_at',
            'figure': 'figure',
            'former_value': 'former_value',
            'new_value': 'new_value',
        })) }} as changes
    from late_changes
    group by benefit_id
),

places as (
    select
        benefit_id,
        former_feed as source_feed,
        former_batch_id as source_batch_id,
        former_row as source_row
    from late_changes
    union
    select
        benefit_id,
        new_feed as source_feed,
        new_batch_id as source_batch_id,
        new_row as source_row
    from late_changes
),

rows_named as (
    select
        benefit_id,
        {{ record_list(source_row('benefit', prefix='source_')) }} as source_rows
    from places
    group by benefit_id
),

flagged as (
    select
        benefits.*,
        named.changes,
        named.changes_text,
        named.first_received_at,
        -- A day of approval is over when a change counts; a reading of that day was there before.
        coalesce(benefits.approved_date < cast(named.first_received_at as date), named.first_received_at is null)
            as is_approved_first,
        rows_named.source_rows
    from benefits
    inner join named on benefits.benefit_id = named.benefit_id
    inner join rows_named on benefits.benefit_id = rows_named.benefit_id
),

told as (
    select
        *,
        case when is_approved_first then approved_date end as fixed_by_approval_on,
        case when not is_approved_first then cast(first_received_at as date) end as fixed_by_reading_on
    from flagged
),

final as (
    select {{ benefit_gap_columns(
        'RETRO_REBASELINED',
        message=sentence(
            '{benefit_name}[ was approved on {fixed_by_approval_on:date}][ had its first reading on'
            ~ ' {fixed_by_reading_on:date}], and its goalposts were moved after that: {changes_text}.'
        ),
        evidence=gap_evidence(['kpi_id', 'dimension', 'start_date', 'approved_date', 'first_received_at', 'changes'])
    ) }}
    from told
)

select * from final
