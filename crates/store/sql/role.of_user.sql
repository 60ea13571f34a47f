select site, role
from roles
where user_id = $1
order by site
