select session
from sessions
where site = $1 and visitor = $2
limit 20
