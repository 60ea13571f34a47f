select count(*)
from verdicts
where site = $1
