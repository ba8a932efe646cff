#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Functions that write without a limit, and the C heap outside the files that own foreign memory.
. "$(dirname "$0")/lib.sh"

# Files that may call the C heap: the wrappers of libraries that hand out or take malloc()ed memory, and those that keep
# a little for each of very many devices, for which APR's smallest pool is twenty times too large.
heap_files='mod_eas/(eas_park|ap_park|ap_slim)\.c|libusm/(core/park|ox/ox_http|ox/ox_json|store/[a-z_/]*(mariadb|sqlite)[a-z_]*|util/(mime|ical)[a-z_]*)\.c|test/.*'

sources > "$tmp/files"
while read -r file; do
    awk -f test/check/strip.awk "$file" > "$tmp/code"
    grep -nE '(^|[^a-zA-Z0-9_>.])(v?sprintf|strcpy|stpcpy|strcat|strncat|strtok|gets|alloca|tmpnam|mktemp) *\(' "$tmp/code" |
        sed "s#^#$file:#"
    echo "$file" | grep -qE "^($heap_files)$" && continue
    grep -nE '(^|[^a-zA-Z0-9_>.])(malloc|calloc|realloc|reallocarray|strdup|strndup|asprintf|vasprintf) *\(' "$tmp/code" |
        sed "s#^#$file:#"
done < "$tmp/files" | fault_lines "banned function"
finish
