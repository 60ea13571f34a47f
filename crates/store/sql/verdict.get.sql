select verdict
from verdicts
where site = $1 and about = $2 and subject = $3
