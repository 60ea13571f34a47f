insert into rollup_marks (site, day)
select site, day
from rollup_days d
where site = $1 and first_ms < $2
  and not exists (select 1 from rollup_marks m where m.site = d.site and m.day = d.day)
