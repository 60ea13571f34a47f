select site
from verdict_sweeps
order by site
