insert into verdict_sweeps (site, revision, session)
values ($1, $2, $3)
on conflict (site) do update set revision = excluded.revision, session = excluded.session
