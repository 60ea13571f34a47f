select id, at_ms, site, actor_id, actor, action, subject, old, new
from audit
where site = $3 and id < $1
order by id desc
limit $2
