delete from login_links
where hash = $1
returning expires_ms
