select cast(id as bigint)
from people
where site = $1 and user_hash = $2 and user_id = $3
order by id
