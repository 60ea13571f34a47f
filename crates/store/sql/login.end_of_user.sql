delete from logins
where user_id = $1
