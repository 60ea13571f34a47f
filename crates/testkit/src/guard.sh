# The guard of one server: it starts the server, signals it, and cleans up when its owner is gone.
#
# usage: sh -c "$(cat guard.sh)" guard DIRECTORY COMMAND...
#
# The owner is the process that holds the other end of our standard input. It writes one word a line and reads one line of
# answer. When the owner dies, however it dies, the kernel closes that pipe: `read` fails, and everything below us is killed
# and the directory removed. That is why the guard is a process of its own, in a process group of its own.
#
# TESTKIT_GUARD (set by the owner, and inherited by every process we start) names this guard, so that also a process which has
# left our family (a daemon that forked twice) is found.
# TESTKIT_FAREWELL, if set, is a signal that the server gets at the end, and three seconds to obey, before it is killed.
# TESTKIT_EPILOGUE, if set, is a command that runs after the last process is gone and before the directory is removed.

# Not `trap ''`: an ignored signal would stay ignored in the server.
trap : PIPE HUP INT TERM

directory=$1
shift
mkdir -m 700 -- "$directory" || exit 1
cd -- "$directory" || exit 1
echo ready

main=
status=never

# Sets `state` and `parent` of process $1, or fails when it is gone or a zombie.
look_at() {
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
    # The name in parentheses may hold blanks and parentheses: skip to the last one.
    set -- ${stat##*) }
    state=$1
    parent=$2
    [ "$state" != Z ] && [ "$state" != X ]
}

# Sets `family` to all that we started, directly or not, and that still lives.
find_family() {
    family=
    known=" $$ "
    for marked in $(grep -lsza "^TESTKIT_GUARD=$TESTKIT_GUARD\$" /proc/[0-9]*/environ); do
        pid=${marked#/proc/}
        pid=${pid%/environ}
        [ "$pid" != $$ ] && look_at "$pid" || continue
        family="$family $pid"
        known="$known$pid "
    done
    grown=yes
    while [ "$grown" ]; do
        grown=
        for entry in /proc/[0-9]*; do
            pid=${entry#/proc/}
            case "$known" in *" $pid "*) continue ;; esac
            look_at "$pid" || continue
            case "$known" in *" $parent "*) ;; *) continue ;; esac
            family="$family $pid"
            known="$known$pid "
            grown=yes
        done
    done
}

# Stops the whole family. A process may fork between our look and our signal: look again until nothing is new.
freeze() {
    seen=none
    find_family
    while [ "$family" ] && [ "$family" != "$seen" ]; do
        kill -STOP $family 2>/dev/null
        seen=$family
        find_family
    done
}

thaw() {
    find_family
    [ -z "$family" ] || kill -CONT $family 2>/dev/null
}

# Kills the whole family, and returns when the last of it is gone.
kill_family() {
    freeze
    while [ "$family" ]; do
        kill -KILL $family 2>/dev/null
        for pid in $family; do
            while look_at "$pid"; do sleep 0.01; done
        done
        find_family
    done
    reap
}

# Sets `status`: never, running, or the exit code of the last run.
reap() {
    [ "$main" ] || return 0
    if look_at "$main"; then
        status=running
    else
        wait "$main"
        status=$?
        main=
    fi
}

while read -r word argument; do
    case "$word" in
    start)
        "$@" </dev/null >>log 2>&1 &
        main=$!
        status=running
        ;;
    status) reap ;;
    signal) [ -z "$main" ] || kill -"$argument" "$main" 2>/dev/null ;;
    pause) freeze ;;
    resume) thaw ;;
    kill) kill_family ;;
    esac
    echo "$status" 2>/dev/null
done

if [ "$TESTKIT_FAREWELL" ] && [ "$main" ]; then
    thaw
    kill -"$TESTKIT_FAREWELL" "$main" 2>/dev/null
    patience=60
    while look_at "$main" && [ $((patience -= 1)) -gt 0 ]; do sleep 0.05; done
fi
kill_family
[ -z "$TESTKIT_EPILOGUE" ] || eval "$TESTKIT_EPILOGUE" >/dev/null 2>&1
cd /
rm -rf -- "$directory"
