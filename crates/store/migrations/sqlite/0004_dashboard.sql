-- The same tables and columns as on PostgreSQL.

-- What people keep on a site's dashboard: annotations, goals and funnels. The body is JSON.
create table kept (
  id integer primary key autoincrement,
  site integer not null,
  created_ms integer not null,
  kind text not null,
  name text not null,
  body text not null
) strict;
create index kept_site on kept (site);

-- Links that show the dashboard of a site to whoever has them.
create table shared_links (
  hash blob primary key,
  id integer not null unique,
  site integer not null,
  created_ms integer not null,
  name text not null
) strict, without rowid;
create index shared_links_site on shared_links (site);
