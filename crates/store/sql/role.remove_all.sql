delete from roles
where user_id = $1
