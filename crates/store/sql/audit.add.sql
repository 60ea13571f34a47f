insert into audit (at_ms, site, actor_id, actor, action, subject, old, new)
values ($1, $2, $3, $4, $5, $6, $7, $8)
