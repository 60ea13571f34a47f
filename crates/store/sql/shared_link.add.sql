insert into shared_links (hash, id, site, created_ms, name)
select $1, coalesce((select max(id) from shared_links), 0) + 1, cast($2 as bigint), cast($3 as bigint), cast($4 as text)
where (select count(*) from shared_links where site = $2) < $5
