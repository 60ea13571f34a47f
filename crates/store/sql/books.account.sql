select events
from books
where instance = $1 and account = $2
