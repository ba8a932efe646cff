#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Files and functions stay readable: no file over 1,000 lines, no function over 80, no line over 120 columns.
. "$(dirname "$0")/lib.sh"

{ sources; find libusm mod_eas test conf -name '*.py' -o -name '*.sh'; echo test/run; } | while read -r file; do
    [ -f "$file" ] && echo "$(wc -l < "$file") $file"
done > "$tmp/sizes"
awk '$1 > 1000' "$tmp/sizes" | fault_lines "file over 1,000 lines"
awk '$1 > 600 && $1 <= 1000 { print "note: " $2 " has " $1 " lines" }' "$tmp/sizes"

# The style puts a function's braces alone in column one. A test's rows stand in its function.
sources | xargs awk '
FNR == 1 { start = 0 }
/^[a-zA-Z_].*\(/ { name = $0 }
/^\{$/ { start = FNR }
/^\}$/ && start {
    lines = FNR - start - 1
    if (lines > (FILENAME ~ /^test\/unit\// ? 120 : 80))
        print FILENAME ":" start ": " lines " lines: " name
    start = 0
}' | fault_lines "function over 80 lines"

sources | xargs grep -nE '^.{121,}$' | cut -c1-100 | fault_lines "line over 120 columns"
finish
