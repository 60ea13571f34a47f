insert into logins (hash, created_ms, used_ms)
values ($1, $2, $2)
