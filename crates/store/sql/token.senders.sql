select hash, cast(site as bigint) as site, expires_ms
from tokens
where scope in ('write', 'admin') and (expires_ms is null or expires_ms > $1)
order by id
limit $2
