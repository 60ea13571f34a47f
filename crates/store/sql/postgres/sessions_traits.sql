-- The limit keeps the planner from reading the whole table instead.
select
  coalesce(array_agg(found.session), '{}'),
  coalesce(array_agg(found.client), '{}'),
  coalesce(array_agg(found.place), '{}')
from unnest($1::integer[], $2::bigint[]) wanted (site, session)
cross join lateral (
  select s.session, s.client, s.place
  from sessions s
  where s.site = wanted.site
    and s.session = wanted.session
  limit 1
) found
