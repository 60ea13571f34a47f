delete from audit
where id in (select id from audit where at_ms < $1 limit 20000)
