select child.relname
from pg_inherits
join pg_class child on child.oid = pg_inherits.inhrelid
where pg_inherits.inhparent = 'events'::regclass
