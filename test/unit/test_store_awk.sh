#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The scripts that turn SQL into headers: upgrades of both kinds, and mistakes that must stop the build.
set -u
store=$top_srcdir/libusm/store
tmp=$(mktemp -d "${TMPDIR:-/tmp}/usm-awk.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
faults=0
fault() {
    echo "FAULT: $*"
    faults=$((faults + 1))
}

mkdir "$tmp/upgrade"
cp "$top_srcdir"/schema/usm.*.sql "$tmp"
cat > "$tmp/upgrade/0002-one.sql" <<'SQL'
-- both
ALTER TABLE usr ADD COLUMN a "quoted"
    INTEGER;
-- sqlite
UPDATE usr SET a = 1;
-- mariadb
UPDATE usr SET a = 2;
UPDATE usr SET a = 3;
SQL
awk -f "$store/schema.awk" "$tmp/usm.sqlite.sql" "$tmp/usm.mariadb.sql" "$tmp/upgrade/0002-one.sql" > "$tmp/schema.h" ||
    fault "schema.awk refuses a good upgrade"
cat > "$tmp/wanted" <<'C'
    {2, USM__SQLITE,
    "ALTER TABLE usr ADD COLUMN a \"quoted\""
    " INTEGER"},
    {2, USM__MARIADB,
    "ALTER TABLE usr ADD COLUMN a \"quoted\""
    " INTEGER"},
    {2, USM__SQLITE,
    "UPDATE usr SET a = 1"},
    {2, USM__MARIADB,
    "UPDATE usr SET a = 2"},
    {2, USM__MARIADB,
    "UPDATE usr SET a = 3"},
C
sed -n '/schema_upgrades/,$p' "$tmp/schema.h" | sed '1d;$d' | cmp - "$tmp/wanted" || fault "the upgrade came out wrong"

# refuses NAME SCRIPT FILE...: the script must fail and say something
refuses() {
    name=$1
    shift
    if awk -f "$@" > /dev/null 2> "$tmp/err" || [ ! -s "$tmp/err" ]; then
        fault "accepted: $name"
    fi
}
printf 'SELECT 1\n' > "$tmp/upgrade/0003-x.sql"
refuses "upgrade without semicolon" "$store/schema.awk" "$tmp/usm.sqlite.sql" "$tmp/upgrade/0003-x.sql"
printf 'SELECT 1;\n' > "$tmp/upgrade/x.sql"
refuses "upgrade without number" "$store/schema.awk" "$tmp/usm.sqlite.sql" "$tmp/upgrade/x.sql"
sed 's/VALUES (1, [0-9]*)/VALUES (1, 77)/' "$tmp/usm.mariadb.sql" > "$tmp/other"
mv "$tmp/other" "$tmp/usm.mariadb.sql"
refuses "schemas of two versions" "$store/schema.awk" "$tmp/usm.sqlite.sql" "$tmp/usm.mariadb.sql"
refuses "no schema at all" "$store/schema.awk" "$tmp/upgrade/0002-one.sql"
printf -- '-- STMT_A\nSELECT 1\n-- STMT_A\nSELECT 2\n' > "$tmp/q"
refuses "a name twice" "$store/queries.awk" "$tmp/q"
printf -- '-- STMT_A\n-- sqlite\nSELECT 1\n' > "$tmp/q"
refuses "a text for one database only" "$store/queries.awk" "$tmp/q"
printf -- '-- STMT_A\n-- STMT_B\nSELECT 1\n' > "$tmp/q"
refuses "a name without text" "$store/queries.awk" "$tmp/q"
printf -- '-- STMT_A\nSELECT 1\n-- sqlite\nSELECT 2\n' > "$tmp/q"
refuses "a neutral text and one for a database" "$store/queries.awk" "$tmp/q"

# Every statement is used.
awk '/^-- STMT_/ { print substr($2, 6) }' "$store/queries.sql" | while read -r name; do
    grep -q "USM__STMT_$name\b" "$store"/*.c || echo "$name"
done > "$tmp/unused"
[ ! -s "$tmp/unused" ] || fault "statements that nobody runs: $(tr '\n' ' ' < "$tmp/unused")"
echo "test_store_awk: $faults faults"
[ "$faults" -eq 0 ]
