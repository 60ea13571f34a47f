-- The same tables and columns as on PostgreSQL.

-- Figures of days that are over, counted once: see `stats::rollups`. A day is one of receipt, numbered from 1970 in UTC.
create table rollup_days (
  site integer not null,
  day integer not null,
  -- When the first and the last of its events happened; the last is before the first where it has none.
  first_ms integer not null,
  last_ms integer not null,
  events integer not null,
  -- Whose days and hours its figures are of.
  time_zone text not null,
  primary key (site, day)
) strict, without rowid;

create table rollups (
  site integer not null,
  day integer not null,
  dimension text not null,
  figures blob not null,
  primary key (site, dimension, day)
) strict;

-- Days of which something was stored or removed after they were over. Rows are only added and removed, so that nobody waits for another.
create table rollup_marks (
  id integer primary key autoincrement,
  site integer not null,
  day integer not null
) strict;
create index rollup_marks_day on rollup_marks (site, day);

-- Events that came long after they happened, by the day of receipt. All others are found by their time.
create index events_late on events (site, (cast((time_ms + age_ms) / 86400000 as integer))) where age_ms > 600000;
