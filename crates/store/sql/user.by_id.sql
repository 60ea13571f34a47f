select id, created_ms, owner, email, name, cast(case when password = '' then 0 else 1 end as bigint) as active
from users
where id = $1
