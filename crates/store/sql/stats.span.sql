select cast(min(hour) as bigint), cast(max(hour) as bigint)
from tallies
where site = $1
  and events > 0
