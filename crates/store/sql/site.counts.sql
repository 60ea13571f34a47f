select
  cast(s.id as bigint) as id,
  cast((select coalesce(sum(t.events), 0) from tallies t where t.site = s.id and t.hour > $1) as bigint) as events_day,
  (select max(e.time_ms) from events e where e.site = s.id) as last_event_ms
from sites s
