#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Log numbers: each message has one of its own, and the registries name each with its level. libusm's are written as numbers in
# usm_log() and registered in libusm/tbl/lognos, the module's as EASLOGNO(n) in mod_eas/tbl/lognos.
. "$(dirname "$0")/lib.sh"

# uses FOLDER PATTERN: "number level file" of each use; comments do not count
uses() {
    sources "$1" | while read -r file; do
        awk -f test/check/strip.awk "$file" | tr '\n' ' ' | grep -oE "$2" | sed -nE "s#$3#\\2 \\1 $file#p"
    done
}

# compare NAME REGISTRY USES
compare() {
    if [ ! -f "$2" ]; then
        [ ! -s "$3" ] || fault "$2 is missing"
        return
    fi
    grep -E '^[0-9]' "$2" > "$tmp/registry"
    grep -vE '^(#|$|[0-9]+ (ERR|WARNING|NOTICE|INFO|DEBUG|TRACE) .+)' "$2" | fault_lines "$2: not a row of number, level, text"
    cut -d' ' -f1 "$tmp/registry" | sort -n | uniq -d | fault_lines "$2: number twice"
    cut -d' ' -f1 "$3" | sort -n | uniq -d | fault_lines "$1: two messages with the number"
    while read -r number level file; do
        row=$(grep -E "^0*$number " "$tmp/registry" | head -n 1)
        if [ -z "$row" ]; then
            fault "$file: number $number is not in $2"
        elif [ "$level" != - ]; then
            case $row in
            *" $level "*) ;;
            *) fault "$file: number $number is logged as $level, the registry says: $row" ;;
            esac
        fi
    done < "$3"
    while read -r number text; do
        grep -qE "^0*$number " "$3" || fault "$2: number $number is nowhere in the code: $text"
    done < "$tmp/registry"
    echo "$1: $(wc -l < "$3") numbers"
}

call='usm_log\([^,;]+, *USM_LOG_([A-Z]+), *'
uses libusm "${call}[0-9]+ *," "$call([0-9]+).*" > "$tmp/all"
awk '$1 == 0 && $2 != "TRACE"' "$tmp/all" | fault_lines "libusm: message without a number"
grep -v '^0 ' "$tmp/all" > "$tmp/libusm"
compare libusm libusm/tbl/lognos "$tmp/libusm"

# The level stands before the number in a call of usm_log(), and elsewhere it does not matter where.
uses mod_eas 'EASLOGNO\( *[0-9]* *\)' '()EASLOGNO\( *([0-9]*) *\)' | awk '{ print ($1 ~ /^[0-9]/) ? $1 " - " $2 : "empty - " $1 }' > "$tmp/mod_eas"
grep '^empty' "$tmp/mod_eas" | fault_lines "mod_eas: empty log number"
grep -v '^empty' "$tmp/mod_eas" > "$tmp/numbered"
compare mod_eas mod_eas/tbl/lognos "$tmp/numbered"
finish
