delete from visits
where site = $1 and visitor = $2
