insert into users (created_ms, owner, email, name, password)
values ($1, $2, $3, '', '')
returning id
