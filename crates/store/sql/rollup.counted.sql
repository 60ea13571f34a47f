select cast(day as bigint)
from rollup_days d
where site = $1 and day >= $2 and day <= $3 and time_zone = $4
  and not exists (select 1 from rollup_marks m where m.site = d.site and m.day = d.day)
order by day
