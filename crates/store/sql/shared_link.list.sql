select id, created_ms, name
from shared_links
where site = $1
order by id
