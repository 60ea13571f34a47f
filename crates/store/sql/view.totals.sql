select cast(site as bigint) as site, cast(sum(events) as bigint) as events
from totals
group by site
