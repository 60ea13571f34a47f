delete from invitations
where user_id = $1
