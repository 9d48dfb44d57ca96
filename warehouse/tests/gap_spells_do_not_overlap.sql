-- One row per spell that begins before the one before it is over, that ends before it begins, or that is open and not the last.
with spells as (
    select
        gap_id,
        spell,
        opened_seq,
        closed_seq,
        is_open,
        lag(closed_seq) over (partition by gap_id order by spell) as previous_closed_seq,
        lead(spell) over (partition by gap_id order by spell) as next_spell
    from {{ ref('gap_history') }}
)

select * from spells
where
    closed_seq <= opened_seq
    or opened_seq <= previous_closed_seq
    or (spell > 1 and previous_closed_seq is null)
    or (is_open and next_spell is not null)
