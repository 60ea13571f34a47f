select count(*)
from sites
