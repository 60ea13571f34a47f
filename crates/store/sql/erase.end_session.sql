delete from sessions
where site = $1 and session = $2
