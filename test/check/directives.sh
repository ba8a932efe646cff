#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rows of mod_eas/tbl/directives.h, the sample conf/eas.conf and the manual page name the same directives; a default that
# the sample shows in a comment is the row's.
. "$(dirname "$0")/lib.sh"
absent mod_eas/tbl/directives.h

sample=conf/eas.conf
page=$(find mod_eas conf -name '*.5' | head -n 1)
[ -f "$sample" ] || fault "$sample is missing"
[ -n "$page" ] || fault "there is no manual page (*.5) in mod_eas or conf"

tr '\n' ' ' < mod_eas/tbl/directives.h | grep -oE 'EAS_DIRECTIVE\(EAS[A-Za-z]+, *[a-z_]+, *[A-Z]+, *[A-Z]+, *("[^"]*"|NULL)' |
    sed -E 's/EAS_DIRECTIVE\(([A-Za-z]+), *[a-z_]+, *[A-Z]+, *[A-Z]+, *(.*)/\1 \2/; s/"//g' > "$tmp/rows"
[ -s "$tmp/rows" ] || fault "no row found: the search is broken"
cut -d' ' -f1 "$tmp/rows" | sort > "$tmp/names"
uniq -d "$tmp/names" | fault_lines "directive twice"

for text in "$sample" ${page:+"$page"}; do
    [ -f "$text" ] || continue
    grep -oE '\bEAS[A-Z][A-Za-z]+' "$text" | sort -u > "$tmp/named"
    comm -23 "$tmp/names" "$tmp/named" | fault_lines "$text does not name"
    comm -13 "$tmp/names" "$tmp/named" | fault_lines "$text names what is no directive"
done
if [ -f "$sample" ]; then
    while read -r name default; do
        [ "$default" = NULL ] && continue
        default=${default%%|*} # of a choice's words the first
        shown=$(sed -nE "s/^ *# *$name +(.*[^ ]) *\$/\\1/p" "$sample" | tr -d '"' | head -n 1)
        [ -z "$shown" ] || [ "$shown" = "$default" ] || fault "$sample shows $name $shown as default, the row has $default"
    done < "$tmp/rows"
fi
echo "$(wc -l < "$tmp/names") directives"
finish
