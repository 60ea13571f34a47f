-- How many events of a session somebody meant: all kinds but those that the pixel sends on its own. With none, and one page at most,
-- the session bounced.
alter table sessions add column interactions integer not null default 0;

update sessions
set interactions = meant.events
from (
  select e.site, e.session, count(*) as events
  from events e
  where case when e.kind <> 0 then e.kind else e.extra ->> 'k' end not in (
    select id
    from kinds
    where name in ('pageview', 'engagement', 'performance_metrics', 'error', 'favourite_colour')
  )
  group by e.site, e.session
) meant
where sessions.site = meant.site
  and sessions.session = meant.session;
