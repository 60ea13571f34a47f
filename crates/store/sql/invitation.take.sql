delete from invitations
where hash = $1 and expires_ms > $2
returning user_id
