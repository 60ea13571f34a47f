select session, cast(client as bigint)
from sessions
where site = $1 and session > $2
order by session
limit $3
