-- Columns are ordered by size, the widest first: PostgreSQL aligns each, and the gaps would be a tenth of an event.
-- No column of events is null for the same reason: one null costs eight bytes of header. 0 is "none", '' is "empty".

create table meta (
  key text primary key,
  value bytea not null
);

create table counters (
  name text primary key,
  value bigint not null
);

create table sites (
  id integer generated always as identity primary key,
  key text not null unique,
  name text not null,
  created_ms bigint not null
);

create table salts (
  day bigint primary key,
  bytes bytea not null
);

-- Messages of the queue that are stored already; forgotten after two days.
create table batches (
  id uuid primary key,
  at_ms bigint not null
);
create index batches_at on batches using brin (at_ms);

create table books (
  instance text not null,
  account text not null,
  events bigint not null,
  primary key (instance, account)
);

-- How many events each site has, and in which hour they happened. One row an instance, so that workers never wait for each other.
create table totals (
  instance text not null,
  site integer not null,
  events bigint not null,
  primary key (instance, site)
);
create table tallies (
  instance text not null,
  hour integer not null,
  site integer not null,
  events bigint not null,
  primary key (hour, site, instance)
);

-- Dictionaries. The digest is half a SHA-256 of all that a row says: long texts need no index of their own.
create table pages (
  digest uuid not null unique,
  url_hash bigint not null,
  id integer generated always as identity primary key,
  site integer not null,
  url text not null,
  host text not null,
  path text not null,
  title text not null
);
create index pages_url on pages (url_hash);
create table referrers (
  digest uuid not null unique,
  id integer generated always as identity primary key,
  url text not null,
  host text not null,
  source text not null,
  medium text not null
);
create table clients (
  digest uuid not null unique,
  id integer generated always as identity primary key,
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
);
create table campaigns (
  digest uuid not null unique,
  id integer generated always as identity primary key,
  source text not null,
  medium text not null,
  name text not null,
  term text not null,
  content text not null,
  click_id text not null
);
create table places (
  digest uuid not null unique,
  id integer generated always as identity primary key,
  country text not null,
  region text not null,
  city text not null
);
create table people (
  digest uuid not null unique,
  user_hash bigint not null,
  id integer generated always as identity primary key,
  site integer not null,
  user_id text not null,
  session_id text not null
);
create index people_user on people (user_hash);
create table kinds (
  digest uuid not null unique,
  id integer generated always as identity primary key,
  name text not null
);
create table channels (
  digest uuid not null unique,
  id integer generated always as identity primary key,
  name text not null
);

-- The session in which each visitor is now. The row is the lock under which workers agree on it. (The free room in each page, here and in
-- sessions, lets a row change in its place: without it each change also costs an entry in the index.)
create table visits (
  visitor bigint not null,
  session bigint not null,
  started_ms bigint not null,
  last_ms bigint not null,
  site integer not null,
  primary key (site, visitor)
) with (fillfactor = 70);

create table sessions (
  session bigint not null,
  started_ms bigint not null,
  visitor bigint,
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
  channel smallint not null,
  bot smallint not null,
  primary key (site, session)
) with (fillfactor = 70);

create table events (
  event_id uuid not null,
  session bigint not null,
  time_ms bigint not null,
  site integer not null,
  age_ms integer not null,
  page integer not null,
  referrer integer not null,
  person integer not null,
  kind smallint not null,
  data text not null,
  extra text not null,
  primary key (site, event_id)
) partition by range (event_id);
create table events_default partition of events default;
-- By ten seconds and by the day, not by the millisecond: equal keys share one entry, which takes a third of the room, and what shares a
-- key is soon sorted.
create index events_time on events (site, (cast(time_ms / 10000 as integer)));
create index events_page on events (page, (cast(time_ms / 86400000 as integer)));
create index events_person on events (person, (cast(time_ms / 86400000 as integer))) where person <> 0;

create table login_links (
  hash bytea primary key,
  expires_ms bigint not null
);
create table logins (
  hash bytea primary key,
  -- The token that opened it, by its hash: a number could be given again. The login ends with it.
  token bytea,
  created_ms bigint not null,
  used_ms bigint not null
);
create table tokens (
  id bigint generated always as identity primary key,
  hash bytea not null unique,
  scope text not null,
  site integer,
  created_ms bigint not null,
  used_ms bigint,
  expires_ms bigint
);
