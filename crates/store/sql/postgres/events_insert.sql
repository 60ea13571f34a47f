with stored as (
  insert into events (event_id, session, time_ms, site, age_ms, page, referrer, person, kind, data, extra)
  select *
  from unnest(
    $1::uuid[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer[],
    $9::smallint[], $10::text[], $11::text[]
  )
  on conflict do nothing
  returning site, event_id
)
select coalesce(array_agg(site), '{}'), coalesce(array_agg(event_id), '{}')
from stored
