delete from tokens
where id = $1
