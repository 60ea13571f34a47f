select e.time_ms, coalesce(k.name, '') as kind, coalesce(p.path, '') as page, coalesce(p.title, '') as title, e.data
from events e
left join kinds k on k.id = e.kind
left join pages p on p.id = e.page
where e.site = $1
  and cast(e.time_ms / 10000 as integer) between cast(cast($2 as bigint) as integer) and cast(cast($3 as bigint) as integer)
  and e.session = $4
order by e.time_ms, e.event_id
limit $5
