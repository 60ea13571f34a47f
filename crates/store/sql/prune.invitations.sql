delete from invitations
where expires_ms <= $1
