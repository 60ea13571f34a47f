select user_id
from invitations
where hash = $1 and expires_ms > $2
