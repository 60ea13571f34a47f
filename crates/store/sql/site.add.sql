insert into sites (key, name, created_ms)
values ($1, $2, $3)
on conflict (key) do nothing
