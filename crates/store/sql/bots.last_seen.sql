select c.bot_reason, c.bot_name, max(s.started_ms + s.duration_ms)
from sessions s
join clients c on c.id = s.client
where s.site = $1
  and s.session between $2 and $3
  and s.started_ms + s.duration_ms >= $4
  and s.started_ms < $5
  and (c.bot_reason <> '' or c.bot_name <> '')
group by c.bot_reason, c.bot_name
order by 3 desc
limit 2000
