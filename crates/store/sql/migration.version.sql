select cast(coalesce(max(version), 0) as bigint)
from schema_versions
