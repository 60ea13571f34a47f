delete from batches
where id in (select id from batches where at_ms < $1 limit 20000)
