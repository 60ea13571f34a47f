insert into tallies (instance, hour, site, events)
values ($1, $2, $3, $4)
on conflict (hour, site, instance) do update set events = tallies.events + excluded.events
