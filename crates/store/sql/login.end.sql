delete from logins
where hash = $1
