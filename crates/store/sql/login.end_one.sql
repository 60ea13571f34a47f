delete from logins
where user_id = $1 and hash = $2
