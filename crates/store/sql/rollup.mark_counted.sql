insert into rollup_marks (site, day)
select site, day
from rollup_days
where site = $1
