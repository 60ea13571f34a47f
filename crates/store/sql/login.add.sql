insert into logins (hash, token, created_ms, used_ms)
values ($1, $2, $3, $3)
