-- One row per spell that ends before it begins, or begins no later than the build that ended the one before it.
with spells as (
    select
        gap_id,
        spell,
        first_build_number,
        last_build_number,
        lag(last_build_number) over (partition by gap_id order by spell) as previous_last_build_number
    from {{ ref('gap_spell') }}
)

select * from spells
where
    last_build_number < first_build_number
    or first_build_number <= previous_last_build_number + 1
    or (spell > 1 and previous_last_build_number is null)
