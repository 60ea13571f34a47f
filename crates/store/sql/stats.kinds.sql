select cast(id as bigint), name
from kinds
where name in ('pageview', 'engagement', 'favourite_colour')
