select e.data
from events e
where e.site = $1
  and cast(e.time_ms / 10000 as integer) between cast(cast($2 as bigint) as integer) and cast(cast($3 as bigint) as integer)
  and e.data <> ''
  and (cast($4 as text) is null or e.kind in (select k.id from kinds k where k.name = $4))
  and (
    cast($4 as text) is not null
    or e.kind not in (
      select k.id
      from kinds k
      where k.name in ('pageview', 'engagement', 'performance_metrics', 'error', 'favourite_colour')
    )
  )
order by cast(e.time_ms / 10000 as integer) desc
limit $5
