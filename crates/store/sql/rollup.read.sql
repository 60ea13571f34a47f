select cast(d.day as bigint), cast(case when d.first_ms < $6 and d.last_ms >= $5 then 1 else 0 end as bigint), d.first_ms, d.last_ms, f.figures
from rollup_days d
left join rollups f
  on f.site = d.site and f.dimension = $4 and f.day = d.day and d.first_ms < $6 and d.last_ms >= $5
where d.site = $1 and d.day >= $2 and d.day < $3
  and not exists (select 1 from rollup_marks m where m.site = d.site and m.day = d.day)
order by d.day
