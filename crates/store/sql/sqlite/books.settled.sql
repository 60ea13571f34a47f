select coalesce(sum(case when account = 'replayed' then -events else events end), 0)
from books
where account in ('stored', 'duplicate', 'replayed')
  or account like 'dead\_lettered.%' escape '\'
