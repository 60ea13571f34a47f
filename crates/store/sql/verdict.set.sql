insert into verdicts (site, about, subject, verdict, at_ms, actor)
values ($1, $2, $3, $4, $5, $6)
on conflict (site, about, subject) do update set verdict = excluded.verdict, at_ms = excluded.at_ms, actor = excluded.actor
