delete from roles
where user_id = $1 and site = $2
