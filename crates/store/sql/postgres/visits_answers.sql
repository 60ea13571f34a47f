select
  coalesce(array_agg(site), '{}'),
  coalesce(array_agg(visitor), '{}'),
  coalesce(array_agg(session), '{}'),
  coalesce(array_agg(started_ms), '{}'),
  coalesce(array_agg(last_ms), '{}')
from answers
