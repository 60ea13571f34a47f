select password
from users
where id = $1
