insert into counters (name, value)
values ($1, 1)
on conflict (name) do update set value = counters.value + 1
returning value
