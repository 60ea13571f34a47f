delete from shared_links
where site = $1 and id = $2
returning name
