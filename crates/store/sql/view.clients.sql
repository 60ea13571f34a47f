select
  cast(id as bigint) as id, user_agent, browser, browser_version, os, os_version, device, bot_reason, bot_name, language,
  language_sent, screen, device_info
from clients
where id in 
