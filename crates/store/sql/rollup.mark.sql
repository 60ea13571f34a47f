insert into rollup_marks (site, day)
values ($1, $2)
