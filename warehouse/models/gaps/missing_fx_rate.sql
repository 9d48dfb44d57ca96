-- One row per currency in which an amount other than 0 could not be converted into the reporting currency.
-- 3-benefits.md, 3.8: MISSING_FX_RATE (resources); a rate is never guessed (3.5), one after as_of does not exist yet.
with rates as (
    select
        currency,
        min(valid_from) as first_rate_on
    from {{ ref('fx_rate_span') }}
    group by currency
),

unconverted as (
    select
        amounts.*,
        rates.first_rate_on,
        max(amounts.converted_on) over (
            partition by amounts.currency, amounts.contract, amounts._feed, amounts._batch_id, amounts._row
        ) as last_of_row
    from {{ ref('foreign_amount') }} as amounts
    left join rates on amounts.currency = rates.currency
    where rates.first_rate_on is null or amounts.converted_on < rates.first_rate_on
),

numbered as (
    select
        *,
        dense_rank() over (
            partition by currency order by last_of_row desc, contract asc, _feed asc, _batch_id asc, _row asc
        ) as newest
    from unconverted
),

flagged as (
    select
        currency,
        min(first_rate_on) as first_rate_on,
        count(*) as amounts,
        min(converted_on) as first_on,
        max(converted_on) as last_on,
        nullif(max(converted_on), min(converted_on)) as later_on,
        -- The newest twenty rows stand for the rest, each once, however many days it is converted at.
        {{ record_list(
            'case when newest <= 20 and converted_on = last_of_row then ' ~ any_source_row('contract') ~ ' end'
        ) }} as source_rows
    from numbered
    group by currency
),

final as (
    select
        {{ gap_columns(
            'MISSING_FX_RATE', "'currency'", 'currency', 'currency',
            message=sentence(
                '{currency} has no exchange rate[ before {first_rate_on:date}], so that {amounts:of amount} in it, of'
                ~ ' {first_on:date}[ to {later_on:date}], could not be converted and every total that holds one is unknown.'
            ),
            evidence=gap_evidence(['first_rate_on', 'amounts', 'first_on', 'last_on'])
        ) }}
    from flagged
)

select * from final
