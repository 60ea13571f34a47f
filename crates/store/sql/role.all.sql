select user_id, site, role
from roles
order by user_id, site
