-- The same tables and columns as on PostgreSQL.

-- What people set for a site. '' of opt_out is what the server says; 0 days of retention are for ever. Lists are JSON. Every change
-- raises the generation, which the keys of cached answers carry.
alter table sites add column generation integer not null default 1;
alter table sites add column retention_days integer not null default 0;
alter table sites add column domain text not null default '';
alter table sites add column time_zone text not null default 'UTC';
alter table sites add column allowed_origins text not null default '[]';
alter table sites add column opt_out text not null default '';
alter table sites add column drop_rules text not null default '[]';

-- Who logs in by name. A number is never given again: the audit log names it. '' of password is none yet.
create table users (
  id integer primary key autoincrement,
  created_ms integer not null,
  -- 1 for who may do everything on this server.
  owner integer not null,
  email text not null unique,
  name text not null,
  password text not null
) strict;

-- What users may do on a site: 'owner', 'editor' or 'viewer'.
create table roles (
  user_id integer not null,
  site integer not null,
  role text not null,
  primary key (user_id, site)
) strict, without rowid;

-- Links that let a user set name and password, once.
create table invitations (
  hash blob primary key,
  user_id integer not null,
  expires_ms integer not null
) strict, without rowid;

alter table logins add column user_id integer;
alter table logins add column agent text not null default '';
create index logins_user on logins (user_id);

alter table tokens add column name text not null default '';

-- What was changed, by whom: never a secret nor a network address. 0 of site is the whole server's, 0 of actor_id no user.
create table audit (
  id integer primary key autoincrement,
  at_ms integer not null,
  site integer not null,
  actor_id integer not null,
  actor text not null,
  action text not null,
  subject text not null,
  old text not null,
  new text not null
) strict;
create index audit_site on audit (site, id);
create index audit_at on audit (at_ms);
