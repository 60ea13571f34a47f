create table if not exists schema_versions (
  version bigint primary key,
  name text not null,
  at_ms bigint not null
)
