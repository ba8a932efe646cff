#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The include rule: dependencies run one way only (HACKING, "Layers"), and each foreign library is known to one place.
. "$(dirname "$0")/lib.sh"

# Foreign headers. Columns: header (regular expression), files that may include it, most files that may.
cat > "$tmp/foreign" <<'ROWS'
(httpd|http_(config|connection|core|log|main|protocol|request|vhost)|ap_(compat|config|config_auto|config_layout|expr|listen|mmn|mpm|provider|regex|regkey|release|slotmem|socache)|util_(cfgtree|charset|cookies|ebcdic|fcgi|filter|ldap|md5|mutex|script|time|varbuf)|scoreboard|mpm_common|mod_(auth|ssl|status|core|dav|log_config|so|unixd|watchdog|request)|unixd)\.h  mod_eas/(mod_eas|ap_[a-z_]+)\.[ch]|test/unit/(test_)?ap_[a-z_]+\.[ch]  99
curl/.*\.h  libusm/ox/ox_http\.c|test/bench/.*  1
jansson\.h  libusm/ox/ox_json\.c|test/ox/.*|test/bench/.*  1
(mysql|mariadb).*\.h  libusm/store/.*mariadb[a-z_]*\.c  1
sqlite3\.h  libusm/store/.*sqlite[a-z_]*\.c  1
wbxml.*\.h  libusm/tools/[a-z_]*judge\.[ch]|mod_eas/wbxml/[a-z_]*judge\.[ch]|test/unit/.*  1
gmime/.*\.h  libusm/util/mime[a-z_]*\.[ch]|mod_eas/[a-z_]*mime[a-z_]*\.c|test/ox/.*  99
libical/.*\.h  libusm/(util|ox|tools)/[a-z_]*ical[a-z_]*\.c|test/ox/.*|test/unit/.*  3
openssl/.*\.h  libusm/(core|util|ox)/[a-z_]*(seal|crypt)[a-z_]*\.c|test/(bench|load)/.*|test/unit/test_crypt[a-z_]*\.c  2
microhttpd\.h  test/.*  99
cmocka\.h  test/unit/.*  99
ROWS

# Our own folders. Columns: files (regular expression), the folders whose headers they may include.
cat > "$tmp/layers" <<'ROWS'
libusm/include/usm/.*  usm
libusm/core/.*  usm core util
libusm/util/.*  usm util
libusm/store/.*  usm core util store
libusm/ox/.*  usm core util ox
libusm/tools/ctl_decode\.c  usm tools wbxml
libusm/tools/ctl_schema\.c  usm tools store
libusm/tools/ctl_check\.c  usm tools ox
libusm/tools/.*  usm tools util
libusm/[a-z_]+\.[ch]  usm core util store ox
mod_eas/wbxml/.*  usm wbxml tbl
mod_eas/(mod_eas|ap_[a-z_]+)\.[ch]  usm ap eas wbxml tbl
mod_eas/.*  usm eas wbxml tbl
test/ox/.*  stand-in
test/bench/.*  bench
test/load/.*  bench test
test/unit/(test_)?ap_[a-z_]+\.[ch]  usm ap eas wbxml tbl test
test/.*  usm core util store ox tools eas wbxml tbl test stand-in
ROWS

# layer_of FILE: the name of the folder a header belongs to
layer_of() {
    case $1 in
    libusm/include/usm/*) echo usm ;;
    libusm/tbl/* | libusm/core/*) echo core ;;
    libusm/*/*) rest=${1#libusm/}; echo "${rest%%/*}" ;;
    mod_eas/ap_*) echo ap ;;
    mod_eas/wbxml/*) echo wbxml ;;
    mod_eas/tbl/*) echo tbl ;;
    mod_eas/*) echo eas ;;
    test/ox/*) echo stand-in ;;
    test/bench/*) echo bench ;;
    test/*) echo test ;;
    *) echo "$1" ;;
    esac
}

# resolve FILE KIND HEADER: the path of a header of ours, "-" for one of somebody else
resolve() {
    if [ "$2" = '"' ] && [ -f "$(dirname "$1")/$3" ]; then
        echo "$(dirname "$1")/$3" | sed -E ':a; s#[^/]+/\.\./##; ta; s#^(\./)+##; s#/\./#/#g'
        return
    fi
    for path in libusm/include libusm mod_eas test .; do
        [ -f "$path/$3" ] && echo "${path#.}/$3" | sed 's#^/##' && return
    done
    echo -
}

sources | xargs grep -nE '^[ \t]*#[ \t]*include' |
    sed -nE 's/^([^:]+):([0-9]+):[^<"]*([<"])([^>"]+)[>"].*/\1 \2 \3 \4/p' > "$tmp/all"
[ -s "$tmp/all" ] || fault "no #include found at all: the search is broken"
grep -E '^(libusm|mod_eas|test)/' "$tmp/all" | while read -r file line kind header; do
    # The C library and APR are everybody's.
    case $header in
    apr*.h | std*.h | string.h | sys/*) continue ;;
    esac
    echo "$file $line $header $(resolve "$file" "$kind" "$header")"
done > "$tmp/resolved"

while read -r header allowed most; do
    grep -E "^[^ ]+ [0-9]+ ($header) -$" "$tmp/resolved" > "$tmp/hits"
    grep -vE "^($allowed) " "$tmp/hits" | sed -E 's/^([^ ]+) ([0-9]+) ([^ ]+) -/\1:\2 includes \3/' |
        fault_lines "foreign header out of its place"
    files=$(grep -E '^(libusm|mod_eas)/' "$tmp/hits" | cut -d' ' -f1 | sort -u | wc -l)
    [ "$files" -le "$most" ] || fault "$files files include $header, at most $most may"
done < "$tmp/foreign"

grep -v ' -$' "$tmp/resolved" | while read -r file line header found; do
    layer=$(layer_of "$found")
    row=$(while read -r files folders; do
        echo "$file" | grep -qE "^($files)$" && echo "$folders" && break
    done < "$tmp/layers")
    case " $row " in
    *" $layer "*) ;;
    *) fault "$file:$line includes $found ($layer); allowed are: $row" ;;
    esac
done
finish
