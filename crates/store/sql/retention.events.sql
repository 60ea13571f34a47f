delete from events
where (site, event_id) in (
  select site, event_id
  from events
  where site = $1 and cast(time_ms / 10000 as integer) < $2
  limit 5000
)
