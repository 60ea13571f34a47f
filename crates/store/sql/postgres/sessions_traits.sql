select session, client, place
from sessions
where (site, session) in (select * from unnest($1::integer[], $2::bigint[]))
