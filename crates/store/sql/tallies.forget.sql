delete from tallies
where site = $1 and hour < $2
returning events
