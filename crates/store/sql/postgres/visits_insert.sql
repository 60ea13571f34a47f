insert into visits (site, visitor, session, started_ms, last_ms)
select *
from unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
