select cast(id as bigint)
from rollup_marks
where site = $1 and day = $2
limit 100000
