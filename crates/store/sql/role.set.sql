insert into roles (user_id, site, role)
values ($1, $2, $3)
on conflict (user_id, site) do update set role = excluded.role
