insert into totals (instance, site, events)
values ($1, $2, $3)
on conflict (instance, site) do update set events = totals.events + excluded.events
