select cast(id as bigint) as id, key, created_ms, generation, name, domain, time_zone, allowed_origins, retention_days, opt_out, drop_rules
from sites
where id = $1
