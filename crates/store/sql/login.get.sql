select created_ms, used_ms
from logins
where hash = $1
