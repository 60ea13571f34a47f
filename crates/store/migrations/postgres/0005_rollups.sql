-- Figures of days that are over, counted once: see `stats::rollups`. A day is one of receipt, numbered from 1970 in UTC.
create table rollup_days (
  first_ms bigint not null,
  last_ms bigint not null,
  events bigint not null,
  site integer not null,
  day integer not null,
  -- Whose days and hours its figures are of.
  time_zone text not null,
  primary key (site, day)
);

create table rollups (
  site integer not null,
  day integer not null,
  dimension text not null,
  figures bytea not null,
  primary key (site, dimension, day)
);

-- Days of which something was stored or removed after they were over. Rows are only added and removed, so that nobody waits for another.
create table rollup_marks (
  id bigint generated always as identity primary key,
  site integer not null,
  day integer not null
);
create index rollup_marks_day on rollup_marks (site, day);

-- Events that came long after they happened, by the day of receipt. All others are found by their time.
create index events_late on events (site, (cast((time_ms + age_ms) / 86400000 as integer))) where age_ms > 600000;
