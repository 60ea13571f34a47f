update sites
set generation = generation + 1
where id = $1
