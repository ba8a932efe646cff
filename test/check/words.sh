#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No marks of unfinished work, no paths of the machine the work was done on, a licence line in each source file.
. "$(dirname "$0")/lib.sh"

find README HACKING NEWS configure.ac Makefile.am autogen.sh libusm mod_eas conf schema test -type f ! -path '*/.*' \
    ! -path '*/__pycache__/*' ! -path 'test/results/*' ! -path '*/corpus/*' ! -name '*.o' ! -name '*.lo' ! -name '*.la' \
    ! -name '*.log' ! -name '*.trs' ! -name '*.wbxml' ! -path 'test/check/words.sh' > "$tmp/files" 2> /dev/null

# Compiled programs of a build inside the tree are no text.
xargs grep -nIE '\b(TODO|FIXME|HACK)\b|\bXXX( |:|$)|[Nn]ot (yet )?implemented' < "$tmp/files" | fault_lines "mark of unfinished work"
{
    xargs grep -nIE "(^|[^a-zA-Z0-9_.-])/(work|farm|home|root)/[a-z]|/tmp/w/" < "$tmp/files"
    case $PWD in
    /usr/* | /opt/* | /) ;;
    *) xargs grep -nIF "$PWD/" < "$tmp/files" ;;
    esac
} | sort -u | fault_lines "path of one machine"

sources | while read -r file; do
    head -n 1 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done | fault_lines "no licence line"
finish
