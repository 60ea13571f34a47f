select max(version)
from schema_versions
