-- What the first event said of browser and place stays; the page at either end moves with that end.
on conflict (site, session) do update set
  entry_page = case
    when excluded.started_ms < sessions.started_ms then excluded.entry_page
    else sessions.entry_page
  end,
  exit_page = case
    when excluded.started_ms + excluded.duration_ms >= sessions.started_ms + sessions.duration_ms then excluded.exit_page
    else sessions.exit_page
  end,
  duration_ms = case
    when excluded.started_ms + excluded.duration_ms > sessions.started_ms + sessions.duration_ms
    then excluded.started_ms + excluded.duration_ms
    else sessions.started_ms + sessions.duration_ms
  end - case
    when excluded.started_ms < sessions.started_ms then excluded.started_ms
    else sessions.started_ms
  end,
  started_ms = case
    when excluded.started_ms < sessions.started_ms then excluded.started_ms
    else sessions.started_ms
  end,
  pageviews = sessions.pageviews + excluded.pageviews,
  events = sessions.events + excluded.events,
  interactions = sessions.interactions + excluded.interactions
