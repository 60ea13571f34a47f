insert into schema_versions (version, name, at_ms)
values ($1, $2, $3)
