#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target of the build over its seeds once. A crash, a sanitizer report or an empty corpus is a fault.
. "$(dirname "$0")/../check/lib.sh"

targets=0
for target in "$top_builddir"/test/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    what=${target##*/fuzz_}
    targets=$((targets + 1))
    find "test/fuzz/corpus/$what" -type f > "$tmp/seeds" 2> /dev/null
    if [ ! -s "$tmp/seeds" ]; then
        fault "test/fuzz/corpus/$what has no seeds"
    elif ! timeout 120 xargs "$target" < "$tmp/seeds" > "$tmp/out" 2>&1; then
        tail -n 30 "$tmp/out"
        fault "fuzz_$what failed on a seed"
    else
        echo "fuzz_$what: $(wc -l < "$tmp/seeds") seeds"
    fi
done
for source in test/fuzz/fuzz_*.c; do
    [ -f "$source" ] || continue
    name=$(basename "$source" .c)
    [ -x "$top_builddir/test/fuzz/$name" ] || fault "$source is not built: add it to test/fuzz/local.mk"
done
[ "$targets" -gt 0 ] || { echo "no fuzz target in this build"; exit 77; }
finish
