delete from events
where site = $1 and person = $2 and session = $3
returning time_ms
