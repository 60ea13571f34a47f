select hash, created_ms, used_ms, agent
from logins
where user_id = $1 and created_ms > $2 and used_ms > $3
order by used_ms desc
limit 100
