select figures
from rollups
where site = $1 and dimension = $2 and day = $3
