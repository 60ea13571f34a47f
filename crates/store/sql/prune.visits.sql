delete from visits
where (site, visitor) in (select site, visitor from visits where last_ms < $1 limit 20000)
