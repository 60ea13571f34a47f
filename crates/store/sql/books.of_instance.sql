select account, events
from books
where instance = $1
order by account
