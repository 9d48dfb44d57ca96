-- One row per open gap, without its message and evidence: what the catalogue, owners, decisions and lessons say of it.
-- 3-benefits.md, 3.8; what a benefit is still forecast to bring is at stake where it is ill defined, linked or measured.
with found as (
    {{ gap_rows([
        'gap_code', 'subject_type', 'subject_id', 'subject_name', 'project_id', 'benefit_id', 'output_id', 'severity_steps',
        'amount_at_stake'
    ]) }}
),

gaps as (
    select
        *,
        {{ gap_id('gap_code', 'subject_type', 'subject_id') }} as gap_id
    from found
),

decided as (
    select
        gaps.gap_id,
        case when coalesce(decisions.review_on, {{ as_of() }}) >= {{ as_of() }} then decisions.decision end as decision
    from gaps
    inner join {{ ref('decision') }} as decisions
        on
            gaps.subject_type = decisions.subject_type
            and gaps.subject_id = decisions.subject_id
            and gaps.gap_code = coalesce(decisions.gap_code, gaps.gap_code)
    qualify row_number() over (partition by gap_id order by decided_on desc, decision_id desc) = 1
),

roles as (
    select distinct
        accountable,
        subject_type
    from {{ ref('accountable_person') }}
),

catalogue as (
    select
        codes.*,
        roles.subject_type as person_of
    from {{ ref('gap_catalogue') }} as codes
    left join roles on codes.accountable = roles.accountable
),

final as (
    select
        gaps.gap_id,
        gaps.gap_code,
        catalogue.gap_class,
        {{ raised_severity('catalogue.severity', 'gaps.severity_steps') }} as severity,
        gaps.subject_type,
        gaps.subject_id,
        gaps.subject_name,
        gaps.project_id,
        gaps.benefit_id,
        gaps.output_id,
        catalogue.accountable || coalesce(': ' || people.person, '') as accountable,
        {{ as_of() }} as as_of,
        coalesce(gaps.amount_at_stake, completions.forecast_to_come_amount_reporting) as amount_at_stake,
        catalogue.next_step,
        coalesce(runs.opened_on, {{ as_of() }}) as opened_on,
        decided.decision,
        lessons.lessons
    from gaps
    left join catalogue on gaps.gap_code = catalogue.gap_code
    left join {{ ref('accountable_person') }} as people
        on catalogue.accountable = people.accountable and people.subject_id = case catalogue.person_of
            when 'benefit' then gaps.benefit_id
            when 'project' then gaps.project_id
            when 'output' then gaps.output_id
            when gaps.subject_type then gaps.subject_id
        end
    left join {{ ref('gap_run') }} as runs on gaps.gap_id = runs.gap_id and runs.is_unbroken
    left join decided on gaps.gap_id = decided.gap_id
    left join {{ ref('benefit_completion') }} as completions
        on completions.benefit_id = case
            when gaps.subject_type = 'benefit' and catalogue.gap_class in ('definition', 'linkage', 'measurement')
                then gaps.subject_id
        end
    left join {{ ref('benefit') }} as benefits on gaps.benefit_id = benefits.benefit_id
    left join {{ ref('gap_lesson') }} as lessons
        on gaps.gap_code = lessons.gap_code and benefits.category is not distinct from lessons.category
)

select * from final
