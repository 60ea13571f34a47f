-- The same tables and columns as on PostgreSQL. 0 is "none", '' is "empty".

create table meta (
  key text primary key,
  value blob not null
) strict, without rowid;

create table counters (
  name text primary key,
  value integer not null
) strict, without rowid;

create table sites (
  id integer primary key,
  key text not null unique,
  name text not null,
  created_ms integer not null
) strict;

create table salts (
  day integer primary key,
  bytes blob not null
) strict;

-- Messages of the queue that are stored already; forgotten after two days.
create table batches (
  id blob not null unique,
  at_ms integer not null
) strict;

create table books (
  instance text not null,
  account text not null,
  events integer not null,
  primary key (instance, account)
) strict, without rowid;

-- How many events each site has, and in which hour they happened.
create table totals (
  instance text not null,
  site integer not null,
  events integer not null,
  primary key (instance, site)
) strict, without rowid;
create table tallies (
  instance text not null,
  hour integer not null,
  site integer not null,
  events integer not null,
  primary key (hour, site, instance)
) strict, without rowid;

-- Dictionaries. The digest is half a SHA-256 of all that a row says: long texts need no index of their own.
create table pages (
  digest blob not null unique,
  url_hash integer not null,
  id integer primary key,
  site integer not null,
  url text not null,
  host text not null,
  path text not null,
  title text not null
) strict;
create index pages_url on pages (url_hash);
create table referrers (
  digest blob not null unique,
  id integer primary key,
  url text not null,
  host text not null,
  source text not null,
  medium text not null
) strict;
create table clients (
  digest blob not null unique,
  id integer primary key,
  user_agent text not null,
  browser text not null,
  browser_version text not null,
  os text not null,
  os_version text not null,
  device text not null,
  bot_reason text not null,
  bot_name text not null,
  language text not null,
  language_sent text not null,
  screen text not null,
  device_info text not null
) strict;
create table campaigns (
  digest blob not null unique,
  id integer primary key,
  source text not null,
  medium text not null,
  name text not null,
  term text not null,
  content text not null,
  click_id text not null
) strict;
create table places (
  digest blob not null unique,
  id integer primary key,
  country text not null,
  region text not null,
  city text not null
) strict;
create table people (
  digest blob not null unique,
  user_hash integer not null,
  id integer primary key,
  site integer not null,
  user_id text not null,
  session_id text not null
) strict;
create index people_user on people (user_hash);
create table kinds (
  digest blob not null unique,
  id integer primary key,
  name text not null
) strict;
create table channels (
  digest blob not null unique,
  id integer primary key,
  name text not null
) strict;

-- The session in which each visitor is now.
create table visits (
  visitor integer not null,
  session integer not null,
  started_ms integer not null,
  last_ms integer not null,
  site integer not null,
  primary key (site, visitor)
) strict, without rowid;

create table sessions (
  session integer not null,
  started_ms integer not null,
  visitor integer,
  site integer not null,
  duration_ms integer not null,
  pageviews integer not null,
  events integer not null,
  entry_page integer not null,
  exit_page integer not null,
  referrer integer not null,
  campaign integer not null,
  client integer not null,
  place integer not null,
  channel integer not null,
  bot integer not null,
  primary key (site, session)
) strict, without rowid;

create table events (
  event_id blob not null,
  session integer not null,
  time_ms integer not null,
  site integer not null,
  age_ms integer not null,
  page integer not null,
  referrer integer not null,
  person integer not null,
  kind integer not null,
  data text not null,
  extra text not null,
  primary key (site, event_id)
) strict;
-- By ten seconds and by the day, as on PostgreSQL: what shares a key is soon sorted.
create index events_time on events (site, (cast(time_ms / 10000 as integer)));
create index events_page on events (page, (cast(time_ms / 86400000 as integer)));
create index events_person on events (person, (cast(time_ms / 86400000 as integer))) where person <> 0;

create table login_links (
  hash blob primary key,
  expires_ms integer not null
) strict, without rowid;
create table logins (
  hash blob primary key,
  -- The token that opened it, by its hash: a number could be given again. The login ends with it.
  token blob,
  created_ms integer not null,
  used_ms integer not null
) strict, without rowid;
create table tokens (
  id integer primary key,
  hash blob not null unique,
  scope text not null,
  site integer,
  created_ms integer not null,
  used_ms integer,
  expires_ms integer
) strict;
