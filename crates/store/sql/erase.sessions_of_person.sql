select distinct session
from events
where site = $1 and person = $2
limit 20
