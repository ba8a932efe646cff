#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with_mariadb.sh COMMAND...: runs a command beside a MariaDB server of its own, which listens on a Unix socket only and is
# gone with its data when the command ends. The command finds it in USM_TEST_DB, a store URL, and USM_TEST_MARIADB_SOCKET.
# One that is already there (USM_TEST_DB is set) is used as it is.
set -u
[ -z "${USM_TEST_DB:-}" ] || exec "$@"
dir=$(mktemp -d /tmp/usm-mariadb.XXXXXX) || exit 2
server=
stop() {
    [ -z "$server" ] || { kill "$server" 2> /dev/null; wait "$server" 2> /dev/null; }
    rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

user=$(id -un)
PATH=$PATH:/usr/sbin
if ! mariadb-install-db --no-defaults --user="$user" --datadir="$dir/data" --auth-root-authentication-method=normal \
    --skip-test-db --skip-name-resolve --force > "$dir/install.log" 2>&1; then
    cat "$dir/install.log" >&2
    exit 2
fi
mariadbd --no-defaults --user="$user" --datadir="$dir/data" --socket="$dir/sock" --pid-file="$dir/pid" --skip-networking \
    --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=128M --max-connections=200 > "$dir/server.log" 2>&1 &
server=$!
tries=0
until mariadb --no-defaults --socket="$dir/sock" --user=root -e 'SELECT 1' > /dev/null 2>&1; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 "$server" 2> /dev/null; then
        cat "$dir/server.log" >&2
        exit 2
    fi
    sleep 0.1
done
mariadb --no-defaults --socket="$dir/sock" --user=root -e 'CREATE DATABASE usm CHARACTER SET utf8mb4 COLLATE utf8mb4_bin' || exit 2
USM_TEST_MARIADB_SOCKET=$dir/sock
USM_TEST_DB="mariadb://root@localhost/usm?socket=$dir/sock"
export USM_TEST_MARIADB_SOCKET USM_TEST_DB
"$@" &
wait $!
