# SPDX-License-Identifier: Apache-2.0
# Sourced by the checks: finds the tree, counts faults, ends with 0 (no fault), 1 (faults) or 77 (subject not in this tree).
set -u
LC_ALL=C.UTF-8
export LC_ALL
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir}
top_builddir=$(cd "$top_builddir" && pwd)
cd "$top_srcdir" || exit 99
tmp=$(mktemp -d "${TMPDIR:-/tmp}/check.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
: > "$tmp/faults"

# Faults are kept in a file: most are found in the subshell at the end of a pipe.
fault() {
    echo "FAULT: $*" | tee -a "$tmp/faults"
}

# fault_lines WHAT < lines: one fault per line of standard input
fault_lines() {
    while IFS= read -r line; do
        [ -z "$line" ] || fault "$1: $line"
    done
}

# sources [FOLDER...]: our C sources and headers, one a line, without what a build inside the tree makes
sources() {
    [ $# -gt 0 ] || set -- libusm mod_eas test
    for folder in "$@"; do
        [ -d "$folder" ] && find "$folder" -type f -name '*.[ch]' ! -path '*/.libs/*' ! -path '*/corpus/*'
    done | sort
}

# absent FOLDER: ends the check as skipped when its subject is not part of this tree
absent() {
    [ -e "$1" ] && return
    echo "no $1 in this tree"
    exit 77
}

finish() {
    faults=$(wc -l < "$tmp/faults")
    echo "$(basename "$0"): $faults faults"
    [ "$faults" -eq 0 ]
    exit
}
