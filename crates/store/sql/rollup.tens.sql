select cast(cast(time_ms / 10000 as integer) as bigint), count(*)
from events
where site = $1 and cast(time_ms / 10000 as integer) >= $2 and cast(time_ms / 10000 as integer) < $3
group by 1
