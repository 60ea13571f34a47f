update sites
set generation = generation
where id = $1 and generation = $2
