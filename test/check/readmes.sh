#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each folder says in its README what it is for, in at most 40 lines.
. "$(dirname "$0")/lib.sh"

# Folders of data that the README above them explains.
find libusm mod_eas conf schema test -type d ! -path '*/.*' ! -path '*/__pycache__*' ! -path '*/autom4te.cache*' \
    ! -path 'libusm/include*' ! -path '*/tbl' ! -path '*/corpus*' ! -path 'test/golden/*' ! -path 'test/results*' \
    ! -path 'conf/debian/*' ! -path '*/seeds' > "$tmp/folders"
while read -r folder; do
    find "$folder" -maxdepth 1 -type f \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.sql' \
        -o -name '*.conf' -o -name '*.hex' \) | grep -q . || continue
    if [ ! -f "$folder/README" ]; then
        fault "$folder has no README"
    elif [ "$(wc -l < "$folder/README")" -gt 40 ]; then
        fault "$folder/README has more than 40 lines"
    fi
done < "$tmp/folders"
finish
