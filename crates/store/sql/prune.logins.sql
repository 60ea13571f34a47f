delete from logins
where created_ms <= $1 or used_ms <= $2
