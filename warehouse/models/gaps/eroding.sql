-- One row per benefit, live or verified, disbenefits apart, reached in two periods running and lost in the latest two.
-- 3-benefits.md, 3.8: ERODING (realisation, B); periods are the measured ones, from that holding start_date on.
with accepted as (
    select
        *,
        full_improvement - slack as least_accepted
    from {{ ref('benefit_standing') }}
    where not is_ended and not is_solely_cancelled and kind = 'benefit'
),

-- Only of one that is lost in the latest period the others matter.
standings as (
    select * from accepted
    where
        {{ less_than('actual_improvement', 'least_accepted', 'value_scale') }}
        and {{ at_least('rephased_improvement', 'least_accepted', 'value_scale') }}
),

periods as (
    select
        split.*,
        {{ at_least('split.actual_improvement', 'standings.least_accepted', 'split.value_scale') }} as is_reached,
        {{ at_least('split.rephased_improvement', 'standings.least_accepted', 'split.value_scale') }} as is_planned
    from {{ ref('benefit_split') }} as split
    inner join standings on split.benefit_id = standings.benefit_id
    where split.is_measured
),

runs as (
    select
        *,
        is_reached and lag(is_reached) over (partition by benefit_id order by period_start) as is_held,
        lead(period_start, 2) over (partition by benefit_id order by period_start) is null as is_of_latest_two
    from periods
),

lost as (
    select
        benefit_id as lost_id,
        max(case when is_held then period_end end) as last_held,
        {{ record_list('case when is_of_latest_two then ' ~ source_row('kpi_reading') ~ ' end') }} as reading_rows
    from runs
    group by benefit_id
    having sum(case when is_of_latest_two and is_planned and not is_reached then 1 else 0 end) = 2
),

final as (
    select
        {{ benefit_gap_columns(
            'ERODING',
            message=sentence(
                '{benefit_name} held its {full_improvement:number} {kpi_unit:change} {direction} until {last_held:date} and is'
                ~ ' losing it: {actual_improvement:number} in the {frequency} to {period_end:date}, the second running'
                ~ ' below {least_accepted:number}[, worth {realisation_gap_amount_reporting:money} a {frequency}].'
            ),
            evidence=gap_evidence([
                'kpi_id', 'dimension', 'period_end', 'last_held', 'full_improvement', 'slack', 'least_accepted',
                'rephased_improvement', 'actual_improvement'
            ], source_rows([source_row('benefit', 'standings')], 'reading_rows')),
            amount_at_stake='realisation_gap_amount_reporting'
        ) }}
    from standings
    inner join lost on standings.benefit_id = lost.lost_id
    where lost.last_held is not null
)

select * from final
