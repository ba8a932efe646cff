#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file has a cmocka test: a line "Tests: a.c b.c" in a comment at the top of a test's source names what the
# test is for. Each .c file of libusm and mod_eas is named by at least one, each name is a file, each test names one.
# How much of a file its tests execute: test/lib/unit_coverage.py.
. "$(dirname "$0")/lib.sh"
absent test/unit

find libusm mod_eas -name '*.c' ! -path '*/.libs/*' | sort > "$tmp/sources"
sed 's,.*/,,' "$tmp/sources" | sort > "$tmp/names"
uniq -d "$tmp/names" | fault_lines "two source files have one name, so that a test cannot say which it is for"

: > "$tmp/named"
for test in test/unit/test_*.c; do
    # The list may go on over lines; it ends with its comment.
    head -n 12 "$test" | tr '\n' ' ' | grep -oE '/\* *Tests:[^*]*(\*+[^*/][^*]*)*\*+/' |
        sed -E 's,^/\* *Tests:,,; s,\*+/$,,; s,\*, ,g' | tr -s ' ' '\n' | grep . > "$tmp/one"
    [ -s "$tmp/one" ] || fault "$test: no line near its top says what it is for, such as /* Tests: eas_version.c */"
    grep -vxFf "$tmp/names" "$tmp/one" | fault_lines "$test names what is no source file of libusm or mod_eas"
    # A program that make check does not run tests nothing.
    program=${test%.c}
    cat test/unit/*.mk | tr -s ' \t\\' '\n' | grep -qxF "$program" || fault "$test: no row in test/unit/*.mk"
    cat "$tmp/one" >> "$tmp/named"
done
sort -u "$tmp/named" > "$tmp/tested"
comm -23 "$tmp/names" "$tmp/tested" | while read -r name; do
    file=$(grep -E "(^|/)$name\$" "$tmp/sources")
    fault "$file has no cmocka test: write test/unit/test_$name with /* Tests: $name */ near its top and rows in" \
        "test/unit/<area>.mk, or add $name to that line of the test which executes it (60 % of its lines at least)"
done
echo "$(wc -l < "$tmp/names") source files"
finish
