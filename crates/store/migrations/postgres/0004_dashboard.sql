-- The same tables and columns as on SQLite.

-- What people keep on a site's dashboard: annotations, goals and funnels. The body is JSON.
create table kept (
  id bigint generated always as identity primary key,
  site bigint not null,
  created_ms bigint not null,
  kind text not null,
  name text not null,
  body text not null
);
create index kept_site on kept (site);

-- Links that show the dashboard of a site to whoever has them.
create table shared_links (
  hash bytea primary key,
  id bigint not null unique,
  site bigint not null,
  created_ms bigint not null,
  name text not null
);
create index shared_links_site on shared_links (site);
