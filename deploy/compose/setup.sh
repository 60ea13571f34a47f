#!/bin/sh
# Writes the settings of each program of docker-compose.yml into its own volume, under /settings.
#
# Passwords are made once, from 192 random bits each, and kept in /settings/passwords; the files are written anew at each start, so that
# a new version may want them otherwise. A file appears whole or not at all. They may be read by everybody who has the volume: that is
# one program, under whatever uid its image runs it.
set -eu
umask 022

password() {
    file=/settings/passwords/$1
    if [ ! -s "$file" ]; then
        head -c 24 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$file.new"
        mv "$file.new" "$file"
    fi
    cat "$file"
}

# Reads the text from standard input.
write() {
    cat >"/settings/$1.new"
    mv "/settings/$1.new" "/settings/$1"
}

database=$(password database)
exporter=$(password exporter)
broker=$(password broker)
cache=$(password cache)
grafana=$(password grafana)

write hgpixel/hgpixel.toml <<TOML
public_url = "${PUBLIC_URL:-http://127.0.0.1:$PORT}"

[store]
url = "postgres://hgpixel:$database@postgres/hgpixel"

[queue]
url = "amqp://hgpixel:$broker@rabbitmq/hgpixel"

[cache]
url = "redis://:$cache@redis:6379"
TOML

printf '%s' "$database" | write postgres/hgpixel
printf '%s' "$exporter" | write postgres/exporter

# The user may do everything in the vhost, and nothing to the broker.
write rabbitmq/90-access.conf <<CONF
default_vhost = hgpixel
default_user = hgpixel
default_pass = $broker
default_user_tags.administrator = false
CONF

write redis/redis.conf <<CONF
requirepass $cache
save ""
appendonly no
dir /data
maxmemory 256mb
maxmemory-policy allkeys-lru
timeout 0
tcp-keepalive 60
CONF
printf '%s' "$cache" | write redis/password

printf '%s' "$exporter" | write exporters/postgres
printf '{"redis://redis:6379": "%s"}\n' "$cache" | write exporters/redis.json

printf '%s' "$grafana" | write grafana/admin-password
