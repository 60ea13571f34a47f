delete from login_links
where expires_ms <= $1
