delete from events
where site = $1 and session = $2 and cast(time_ms / 10000 as integer) between $3 and $4
returning time_ms
