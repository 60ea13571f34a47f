select day, bytes
from salts
where day between $1 and $2
order by day
