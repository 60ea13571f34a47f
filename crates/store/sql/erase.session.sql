select started_ms, cast(duration_ms as bigint), visitor
from sessions
where site = $1 and session = $2
