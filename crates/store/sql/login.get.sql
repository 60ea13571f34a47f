select created_ms, used_ms, token, user_id
from logins
where hash = $1
