insert into login_links (hash, expires_ms)
values ($1, $2)
