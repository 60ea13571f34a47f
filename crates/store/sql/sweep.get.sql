select revision, session
from verdict_sweeps
where site = $1
