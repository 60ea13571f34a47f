select id, kind, name, body
from kept
where site = $1
order by id
