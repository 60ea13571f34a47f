select started_ms, duration_ms, visitor
from sessions
where site = $1 and session = $2
