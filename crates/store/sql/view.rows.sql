) select
  e.event_id,
  cast(e.site as bigint) as site,
  e.session,
  e.time_ms,
  cast(e.age_ms as bigint) as age_ms,
  e.data,
  e.extra,
  coalesce(w.key, '') as site_key,
  coalesce(k.name, '') as kind,
  coalesce(p.url, '') as url,
  coalesce(p.path, '') as path,
  coalesce(p.title, '') as title,
  coalesce(r.url, '') as referrer,
  coalesce(r.source, '') as source,
  coalesce(o.user_id, '') as user_id,
  coalesce(o.session_id, '') as session_id,
  cast(coalesce(s.client, 0) as bigint) as client,
  cast(coalesce(s.place, 0) as bigint) as place,
  coalesce(h.name, '') as channel,
  coalesce(c.name, '') as campaign
from found e
left join sites w on w.id = e.site
left join sessions s on s.site = e.site and s.session = e.session
left join kinds k on k.id = e.kind
left join pages p on p.id = e.page
left join referrers r on r.id = e.referrer
left join people o on o.id = e.person
left join channels h on h.id = s.channel
left join campaigns c on c.id = s.campaign
