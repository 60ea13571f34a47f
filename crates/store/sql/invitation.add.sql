insert into invitations (hash, user_id, expires_ms)
values ($1, $2, $3)
