select cast(id as bigint) as id, country, region, city
from places
where id in 
