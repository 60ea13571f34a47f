select count(*)
from logins
