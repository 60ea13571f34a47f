delete from kept
where site = $1 and id = $2
returning id, kind, name, body
