#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# libusm.so exports exactly the functions that the installed headers declare, and every header is installed.
. "$(dirname "$0")/lib.sh"
absent libusm/include/usm

# Headers without an include guard are rows for the others' macros.
find libusm/include/usm -name '*.h' | sort > "$tmp/headers"
while read -r header; do
    grep -qF "$header" libusm/local.mk || fault "$header is not in an installed header list of libusm/local.mk"
    ! grep -qE '^#ifndef USM_(.*_)?H$' "$header" || echo "#include <${header#libusm/include/}>" >> "$tmp/all.c"
done < "$tmp/headers"

cflags=$(pkg-config --cflags apr-1 apr-util-1 2> /dev/null)
# shellcheck disable=SC2086 # CC and cflags are lists of words
${CC:-cc} -E $cflags -I libusm/include -I "$top_builddir" "$tmp/all.c" > "$tmp/all.i" || fault "the headers do not compile together"

# Statements at depth 0 of our own headers that are function declarations.
awk '/^# [0-9]+ "/ { ours = ($3 ~ /\/usm\//); next } ours && !/^#/ { print }' "$tmp/all.i" | tr '\n' ' ' |
    sed 's/[;{}]/\n&\n/g' | awk '
$0 == "{" { depth++; next }
$0 == "}" { depth--; next }
$0 == ";" {
    if (depth == 0) {
        if (statement !~ /^ *(typedef|static)/ && match(statement, /usm_[a-z0-9_]+ *\(/)) {
            name = substr(statement, RSTART, RLENGTH)
            sub(/ *\($/, "", name)
            print name
        }
        statement = ""
    }
    next
}
depth == 0 { statement = statement $0; if (statement ~ /^ *static.*\)/) statement = "" }' | sort -u > "$tmp/declared"
[ -s "$tmp/declared" ] || fault "no declaration found: the search is broken"

so=$top_builddir/libusm/.libs/libusm.so
[ -f "$so" ] || { fault "$so is not built"; finish; }
nm -D --defined-only "$so" | awk '$2 == "A" { next } $2 ~ /^[TW]$/ { sub(/@.*/, "", $3); print $3; next } { print "data:" $3 }' |
    grep -vE '^(data:)?(__sanitizer|__asan|__ubsan|__gcov|__llvm|_init$|_fini$|data:__)' | sort -u > "$tmp/exported"
comm -13 "$tmp/declared" "$tmp/exported" | fault_lines "exported but in no installed header"
comm -23 "$tmp/declared" "$tmp/exported" | fault_lines "declared in an installed header but not exported"
echo "$(wc -l < "$tmp/exported") symbols"
finish
