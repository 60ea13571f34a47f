insert into tokens (hash, scope, site, created_ms, expires_ms, name)
values ($1, $2, $3, $4, $5, $6)
returning cast(id as bigint)
