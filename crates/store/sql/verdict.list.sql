select about, subject, verdict, at_ms, actor
from verdicts
where site = $1
order by at_ms desc, about, subject
