insert into salts (day, bytes)
values ($1, $2)
on conflict (day) do nothing
