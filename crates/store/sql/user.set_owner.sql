update users
set owner = $2
where id = $1
