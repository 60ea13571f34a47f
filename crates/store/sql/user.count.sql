select count(*)
from users
