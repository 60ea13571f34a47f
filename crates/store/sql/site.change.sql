update sites
set generation = generation + 1, name = $3, domain = $4, time_zone = $5, allowed_origins = $6, retention_days = $7, opt_out = $8, drop_rules = $9
where id = $1 and generation = $2
