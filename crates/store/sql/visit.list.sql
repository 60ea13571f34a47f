select
  s.session,
  s.started_ms,
  cast(s.duration_ms as bigint) as duration_ms,
  cast(s.pageviews as bigint) as pageviews,
  cast(s.events as bigint) as events,
  coalesce(f.path, '') as entry_page,
  coalesce(l.path, '') as exit_page,
  coalesce(r.source, '') as source,
  coalesce(h.name, '') as channel,
  coalesce(c.browser, '') as browser,
  coalesce(c.os, '') as os,
  coalesce(c.device, '') as device,
  coalesce(p.country, '') as country,
  coalesce(p.city, '') as city
from sessions s
left join pages f on f.id = s.entry_page
left join pages l on l.id = s.exit_page
left join referrers r on r.id = s.referrer
left join channels h on h.id = s.channel
left join clients c on c.id = s.client
left join places p on p.id = s.place
where s.site = $1 and s.session between $2 and $3 and s.bot = 0 and s.visitor is not null
order by s.session desc
limit $4
