-- 1800000 ms are the gap that ends a session, 1209600000 ms its greatest length. A session may begin up to a day before the
-- minute in its number (session >> 38, in minutes since 2020): so a range of numbers finds the sessions of a range of time.
on conflict (site, visitor) do update set
  session = case
    when excluded.started_ms >= visits.last_ms + 1800000
      or (excluded.last_ms >= visits.started_ms + 1209600000 and excluded.last_ms > visits.last_ms)
    then excluded.session
    else visits.session
  end,
  started_ms = case
    when excluded.started_ms >= visits.last_ms + 1800000
      or (excluded.last_ms >= visits.started_ms + 1209600000 and excluded.last_ms > visits.last_ms)
    then excluded.started_ms
    when excluded.started_ms < visits.started_ms
      and excluded.last_ms + 1800000 > visits.started_ms
      and excluded.started_ms >= (visits.session >> 38) * 60000 + 1577836800000 - 86400000
    then excluded.started_ms
    else visits.started_ms
  end,
  last_ms = case
    when excluded.started_ms >= visits.last_ms + 1800000
      or (excluded.last_ms >= visits.started_ms + 1209600000 and excluded.last_ms > visits.last_ms)
    then excluded.last_ms
    when excluded.last_ms > visits.last_ms
      and (excluded.started_ms >= visits.started_ms
        or excluded.started_ms >= (visits.session >> 38) * 60000 + 1577836800000 - 86400000)
    then excluded.last_ms
    else visits.last_ms
  end
