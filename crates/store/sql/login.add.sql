insert into logins (hash, token, user_id, agent, created_ms, used_ms)
values ($1, $2, $3, $4, $5, $5)
