#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes tbl/tokens.h to standard output from the token table: mktokens.sh eas-codepages.tsv
# Columns: page, page_name, xmlns, token, tag, min_version, max_version (empty: still in use), type, note.
# Fails, with the line's number, on a row that it does not understand.
set -eu
LC_ALL=C
export LC_ALL
exec awk -F '\t' '
function bad(why) { print FILENAME ":" NR ": " why >"/dev/stderr"; failed = 1; exit 1 }
function version(text) { sub(/\./, "", text); return text }
NR == 1 { next }
{
    if ($1 !~ /^[0-9]+$/ || $1 > 63) bad("page")
    if ($2 !~ /^[A-Za-z][A-Za-z0-9]*$/ || $5 !~ /^[A-Za-z][A-Za-z0-9]*$/) bad("name")
    if ($3 !~ /^[A-Za-z0-9]+:$/) bad("xmlns")
    if ($4 !~ /^0x[0-3][0-9A-F]$/ || $4 ~ /^0x0[0-4]$/) bad("token")
    if ($6 !~ /^[0-9]+\.[0-9]$/ || $7 !~ /^([0-9]+\.[0-9])?$/) bad("version")
    if ($8 !~ /^[A-Za-z0-9]+$/) bad("type")
    if (($1, $4) in seen || ($1, $5) in seen) bad("the same token or tag twice in a page")
    seen[$1, $4] = 1; seen[$1, $5] = 1
    if (!($1 in page)) { page[$1] = $2; order[++pages] = $1; xmlns[$1] = $3 }
    if (page[$1] != $2 || xmlns[$1] != $3) bad("page name")
    value[++rows] = sprintf("    EAS_%s_%s = %d << 8 | %s,", $2, $5, $1, $4)
    row[rows] = sprintf("EAS_TOKEN(%d, %s, %s, %s, %s, %s, %s, \"%s\")", $1, $4, $2, $5,
                        version($6), $7 == "" ? "EAS_VERSION_OPEN" : version($7), $8, $3)
}
END {
    if (failed) exit 1
    if (!rows) bad("no rows")
    print "/* SPDX-License-Identifier: Apache-2.0 */"
    print "/* Made by mktokens.sh from eas-codepages.tsv: edit that. */"
    print "#ifndef EAS_TOKENS_H"
    print "#define EAS_TOKENS_H"
    print "/* Tags: page << 8 | token, named EAS_<page>_<tag> with the spelling of MS-ASWBXML. */"
    print "enum eas_tag_e {"
    for (i = 1; i <= rows; i++) print value[i]
    print "};"
    printf "#define EAS_TOKEN_COUNT %d\n", rows
    printf "#define EAS_PAGE_COUNT %d\n", pages
    print "#endif"
    print ""
    print "/* EAS_PAGE(page, name, xmlns) */"
    print "#ifdef EAS_PAGE"
    for (i = 1; i <= pages; i++) printf "EAS_PAGE(%d, %s, \"%s\")\n", order[i], page[order[i]], xmlns[order[i]]
    print "#undef EAS_PAGE"
    print "#endif"
    print ""
    print "/* EAS_TOKEN(page, token, page name, tag, first version * 10, last version * 10, type, xmlns) */"
    print "#ifdef EAS_TOKEN"
    for (i = 1; i <= rows; i++) print row[i]
    print "#undef EAS_TOKEN"
    print "#endif"
}' "$1"
