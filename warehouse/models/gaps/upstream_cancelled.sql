-- One row per benefit, neither ended nor verified, to which a path leads from a lost output.
-- 3-benefits.md, 3.8: UPSTREAM_CANCELLED (delivery, BD; asked of benefits solely of cancelled projects too).
with benefits as (
    select * from {{ ref('benefit_subject') }}
    where not is_ended and not is_verified
),

links_to as (
    select
        links.benefit_id,
        links.share,
        links.is_lost,
        outputs.name as output_name,
        outputs.output_id,
        outputs._feed,
        outputs._batch_id,
        outputs._row
    from {{ ref('output_share') }} as links
    inner join {{ ref('output') }} as outputs on links.output_id = outputs.output_id
),

upstream as (
    select
        benefit_id,
        count(*) as upstream_outputs,
        sum(case when is_lost then 1 else 0 end) as lost_outputs,
        sum(case when is_lost then share end) as lost_share,
        {{ joined_text('case when is_lost then output_name end', 'output_id') }} as lost_names,
        {{ record_list('case when is_lost then ' ~ source_row('output') ~ ' end') }} as output_rows
    from links_to
    group by benefit_id
),

flagged as (
    select
        benefits.*,
        upstream.upstream_outputs,
        upstream.lost_outputs,
        upstream.lost_share,
        upstream.lost_names,
        {{ source_rows([source_row('benefit', 'benefits')], 'upstream.output_rows') }} as source_rows
    from benefits
    inner join upstream on benefits.benefit_id = upstream.benefit_id
    where upstream.lost_outputs > 0
),

final as (
    select
        {{ benefit_gap_columns(
            'UPSTREAM_CANCELLED',
            message=sentence(
                '{lost_outputs:number} of the {upstream_outputs:of output} behind {benefit_name} will not come, as'
                ~ ' their project is cancelled ({lost_names}): {lost_share:percent} of the benefit.'
            ),
            evidence=gap_evidence(['upstream_outputs', 'lost_outputs', 'lost_share', 'lost_names'])
        ) }}
    from flagged
)

select * from final
