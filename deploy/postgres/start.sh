#!/bin/sh
# Starts PostgreSQL, and makes its data at the first start.
#
# The data are made beside their place and moved there when they are complete: a first start that is interrupted is simply made again.
# The role of the program owns its database and nothing else. Nobody has the superuser's password, for there is none; on the server,
# `docker compose exec postgres psql` is the superuser.
set -eu

secret() {
    cat "/run/settings/$1"
}

make_data() {
    fresh=$PGDATA.fresh
    rm -rf "$fresh"
    mkdir -p "$(dirname "$PGDATA")"
    initdb --pgdata="$fresh" --username=postgres --auth-local=peer --auth-host=scram-sha-256 \
        --encoding=UTF8 --locale=C.UTF-8 --data-checksums
    echo "host all all all scram-sha-256" >>"$fresh/pg_hba.conf"
    # Each line is one statement here.
    postgres --single -c exit_on_error=on -D "$fresh" postgres >/dev/null <<SQL
create role hgpixel login password '$(secret hgpixel)'
create role exporter login password '$(secret exporter)' in role pg_monitor
create database hgpixel owner hgpixel
revoke connect on database hgpixel from public
grant connect on database hgpixel to exporter
SQL
    if [ -d "$PGDATA" ]; then rmdir "$PGDATA"; fi
    mv "$fresh" "$PGDATA"
}

if [ ! -s "$PGDATA/PG_VERSION" ]; then make_data; fi

# Each process of the fleet holds at most 8 connections. Every commit is on disk when it is acknowledged: fsync, synchronous_commit and
# full_page_writes stay on.
exec postgres -D "$PGDATA" \
    -c listen_addresses='*' \
    -c unix_socket_directories=/tmp \
    -c max_connections=300 \
    -c shared_buffers=512MB \
    -c effective_cache_size=1GB \
    -c max_wal_size=2GB \
    -c wal_compression=on \
    -c track_io_timing=on \
    -c log_checkpoints=on
