insert into tokens (hash, scope, site, created_ms, expires_ms)
values ($1, $2, $3, $4, $5)
