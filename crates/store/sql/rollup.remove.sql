delete from rollups
where site = $1 and day = $2
