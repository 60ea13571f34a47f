select generation
from sites
where id = $1
