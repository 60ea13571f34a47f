select cast(id as bigint) as id, key, name, created_ms
from sites
where key = $1
