select cast(id as bigint) as id, name
from kinds
where id in 
