select count(*)
from sessions
