select count(*)
from (select to_regclass('schema_versions') as name) found
where name is not null
