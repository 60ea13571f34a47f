select cast(id as bigint) as id, scope, cast(site as bigint) as site, created_ms, used_ms, expires_ms, name
from tokens
where hash = $1
