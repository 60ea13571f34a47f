select cast(id as bigint) as id, key
from sites
