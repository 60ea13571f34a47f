-- The same tables and columns as on PostgreSQL.

-- What people say about who is a bot on a site. about: 'name' or 'user_agent'; verdict: 'people' or 'bot'.
create table verdicts (
  site integer not null,
  about text not null,
  subject text not null,
  verdict text not null,
  at_ms integer not null,
  actor text not null,
  primary key (site, about, subject)
) strict, without rowid;

-- Sites whose stored sessions have not all heard of the verdicts yet: all up to this one have.
create table verdict_sweeps (
  site integer primary key,
  revision integer not null,
  session integer not null
) strict;

-- The row of which this one is the copy with another reason, as a verdict says; 0 for what was seen.
alter table clients add column original integer not null default 0;
