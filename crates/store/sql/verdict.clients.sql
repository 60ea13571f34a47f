select
  cast(c.id as bigint) as id,
  cast(seen.id as bigint) as original,
  seen.user_agent,
  seen.bot_reason,
  seen.bot_name
from clients c
join clients seen on seen.id = case when c.original = 0 then c.id else c.original end
where c.id in 
