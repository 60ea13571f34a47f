delete from rollup_days
where site = $1 and day < $2
