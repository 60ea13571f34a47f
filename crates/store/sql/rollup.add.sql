insert into rollups (site, day, dimension, figures)
values ($1, $2, $3, $4)
