select started_ms, started_ms + duration_ms
from sessions
where site = $1
  and session = $2
