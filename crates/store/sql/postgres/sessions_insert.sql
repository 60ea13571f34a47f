insert into sessions (
  session, started_ms, visitor, site, duration_ms, pageviews, events, entry_page, exit_page, referrer, campaign, client, place,
  channel, bot, interactions
)
select *
from unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::integer[], $5::integer[], $6::integer[], $7::integer[], $8::integer[],
  $9::integer[], $10::integer[], $11::integer[], $12::integer[], $13::integer[], $14::smallint[], $15::smallint[],
  $16::integer[]
)
