delete from verdict_sweeps
where site = $1 and revision = $2
