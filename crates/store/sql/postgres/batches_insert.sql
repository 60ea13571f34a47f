insert into batches (id, at_ms)
select id, $2
from unnest($1::uuid[]) id
on conflict (id) do nothing
returning id
