#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# mod_eas/doc/coverage.md fits the rows of mod_eas/tbl/elements/, and what no test shows has a reason. Whether the tests show
# what the page says is looked at after they have run: test/run check.
. "$(dirname "$0")/lib.sh"
absent mod_eas/tbl/elements
command -v python3 > /dev/null 2>&1 || {
    echo "no python3"
    exit 77
}
PYTHONDONTWRITEBYTECODE=1 python3 test/lib/elements.py --page > "$tmp/out"
sed -n 's/^FAULT: //p' "$tmp/out" | fault_lines "elements"
tail -n 1 "$tmp/out" | grep -qE '^[0-9]+ rows, [0-9]+ cells' || fault "elements.py says nothing"
tail -n 1 "$tmp/out"
finish
