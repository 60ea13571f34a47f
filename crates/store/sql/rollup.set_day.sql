insert into rollup_days (site, day, first_ms, last_ms, events, time_zone)
values ($1, $2, $3, $4, $5, $6)
on conflict (site, day) do update set
  first_ms = excluded.first_ms,
  last_ms = excluded.last_ms,
  events = excluded.events,
  time_zone = excluded.time_zone
