update users
set name = $2, password = $3
where id = $1
