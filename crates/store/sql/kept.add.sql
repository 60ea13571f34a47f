insert into kept (site, created_ms, kind, name, body)
select cast($1 as bigint), cast($2 as bigint), cast($3 as text), cast($4 as text), cast($5 as text)
where (select count(*) from kept where site = $1) < $6
returning id
