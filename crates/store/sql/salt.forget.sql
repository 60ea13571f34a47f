delete from salts
where day < $1
