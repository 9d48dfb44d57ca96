-- One row per delivery that is a further attempt at the bytes of another, or was read again since.
-- A table of these few, so that what rests on row versions is not made anew whenever anything was delivered.
select delivery_id, root_id, withdrawn_at
from {{ source('meta', 'delivery') }}
where delivery_id <> root_id or withdrawn_at is not null
