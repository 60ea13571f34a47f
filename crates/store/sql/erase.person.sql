update people
set digest = $2, user_hash = 0, user_id = '', session_id = ''
where id = $1
