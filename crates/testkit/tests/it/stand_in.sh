#!/bin/sh
# Obeys as `hgpixel` does as far as the kit can see: two listeners, three settings, one more subcommand.
case "$1" in
token) echo "token-of-$HGPIXEL_LISTEN"; exit 0 ;;
fail) echo "no such thing" >&2; exit 2 ;;
esac
mkdir -p "$HGPIXEL_DATA_DIR"
env | grep ^HGPIXEL_ | sort >"$HGPIXEL_DATA_DIR/settings"
echo "starting $*"
cat >haproxy.cfg <<END
defaults
    mode http
    timeout client 5s
    timeout connect 5s
    timeout server 5s
frontend public
    bind $HGPIXEL_LISTEN
    http-request return status 200
frontend admin
    bind $HGPIXEL_ADMIN_LISTEN
    http-request return status 200 if { path /readyz }
    http-request return status 200 content-type text/plain lf-string "# HELP a A.\\nhgpixel_a_total{x=\\"1\\"} 2\\nhgpixel_a_total{x=\\"2\\"} 3\\nhgpixel_a_total_more 100\\nhgpixel_fraction 0.5\\n" if { path /metrics }
END
exec "$(command -v haproxy || echo /usr/sbin/haproxy)" -f haproxy.cfg
