#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The table of libusm/doc/conflicts.md is what conflicts.awk makes of libusm/tbl/conflicts.h; with --write it becomes so.
. "$(dirname "$0")/lib.sh"
absent libusm/tbl/conflicts.h
page=libusm/doc/conflicts.md

awk -f libusm/doc/conflicts.awk libusm/tbl/conflicts.h > "$tmp/table" || fault "conflicts.awk fails"
[ "$(wc -l < "$tmp/table")" -gt 10 ] || fault "no rows: the search is broken"
awk -v table="$tmp/table" '
    /^<!-- end of table/ { skip = 0 }
    !skip { print }
    /^<!-- table: / { skip = 1; while ((getline line < table) > 0) print line }' "$page" > "$tmp/page"
if [ "${1-}" = --write ]; then
    cp "$tmp/page" "$page"
else
    diff "$page" "$tmp/page" > "$tmp/diff" || fault "$page is not up to date: run test/check/conflicts.sh --write"
fi
echo "$(($(wc -l < "$tmp/table") - 2)) rows"
finish
