select cast(hour as bigint), cast(sum(events) as bigint)
from tallies
where site = $1 and hour >= $2
group by hour
order by hour
