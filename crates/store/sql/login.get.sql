select created_ms, used_ms, token
from logins
where hash = $1
