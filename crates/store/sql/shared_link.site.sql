select site
from shared_links
where hash = $1
