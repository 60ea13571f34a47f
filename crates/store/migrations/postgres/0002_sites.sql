-- The same tables and columns as on SQLite.

-- What people set for a site. '' of opt_out is what the server says; 0 days of retention are for ever. Lists are JSON. Every change
-- raises the generation, which the keys of cached answers carry.
alter table sites add column generation bigint not null default 1;
alter table sites add column retention_days bigint not null default 0;
alter table sites add column domain text not null default '';
alter table sites add column time_zone text not null default 'UTC';
alter table sites add column allowed_origins text not null default '[]';
alter table sites add column opt_out text not null default '';
alter table sites add column drop_rules text not null default '[]';

-- Who logs in by name. A number is never given again: the audit log names it. '' of password is none yet.
create table users (
  id bigint generated always as identity primary key,
  created_ms bigint not null,
  -- 1 for who may do everything on this server.
  owner bigint not null,
  email text not null unique,
  name text not null,
  password text not null
);

-- What users may do on a site: 'owner', 'editor' or 'viewer'.
create table roles (
  user_id bigint not null,
  site bigint not null,
  role text not null,
  primary key (user_id, site)
);

-- Links that let a user set name and password, once.
create table invitations (
  hash bytea primary key,
  user_id bigint not null,
  expires_ms bigint not null
);

alter table logins add column user_id bigint;
alter table logins add column agent text not null default '';
create index logins_user on logins (user_id);

alter table tokens add column name text not null default '';

-- What was changed, by whom: never a secret nor a network address. 0 of site is the whole server's, 0 of actor_id no user.
create table audit (
  id bigint generated always as identity primary key,
  at_ms bigint not null,
  site bigint not null,
  actor_id bigint not null,
  actor text not null,
  action text not null,
  subject text not null,
  old text not null,
  new text not null
);
create index audit_site on audit (site, id);
create index audit_at on audit (at_ms);
