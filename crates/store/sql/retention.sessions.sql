delete from sessions
where (site, session) in (
  select site, session
  from sessions
  where site = $1 and session < $2 and started_ms + duration_ms < $3
  limit 5000
)
