select s.key, coalesce(counted.events, 0)
from sites s
  left join (
    select site, count(*) as events
    from events
    group by site
  ) counted on counted.site = s.id
