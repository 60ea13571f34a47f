update verdict_sweeps
set session = $4
where site = $1 and revision = $2 and session = $3
