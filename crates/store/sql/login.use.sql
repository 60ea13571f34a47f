update logins
set used_ms = $2
where hash = $1
