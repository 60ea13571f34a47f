insert into books (instance, account, events)
values ($1, $2, $3)
on conflict (instance, account) do update set events = books.events + excluded.events
returning events
