#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh BUILD MINUTES RESULT: every target of a --enable-fuzz build under libFuzzer, MINUTES shared between them. New
# inputs stay in BUILD/fuzz-corpus; an input that crashes a target is printed and kept in BUILD/fuzz-crashes.
set -u
build=$(cd "$1" && pwd) || exit 2
minutes=$2
result=$3
here=$(cd "$(dirname "$0")" && pwd)
case $minutes in
'' | *[!0-9]*) echo "run.sh: minutes must be a number" >&2; exit 2 ;;
esac

targets=
count=0
for target in "$build"/test/fuzz/fuzz_*; do
    [ -f "$target" ] && [ -x "$target" ] || continue
    targets="$targets $target"
    count=$((count + 1))
done
[ "$count" -gt 0 ] || { echo "no fuzz target in $build" >&2; exit 1; }
seconds=$((minutes * 60 / count))
[ "$seconds" -gt 0 ] || seconds=1

crashes=0
mkdir -p "$build/fuzz-crashes" "$(dirname "$result")"
printf '%-20s %12s %10s %10s\n' target executions coverage crashes
for target in $targets; do
    what=${target##*/fuzz_}
    corpus=$build/fuzz-corpus/$what
    mkdir -p "$corpus"
    log=$build/fuzz-$what.log
    seeds=$here/corpus/$what
    [ -d "$seeds" ] || seeds=
    if "$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/fuzz-crashes/$what-" "$corpus" ${seeds:+"$seeds"} > "$log" 2>&1 < /dev/null; then
        found=0
    else
        found=1
        tail -n 40 "$log"
    fi
    crashes=$((crashes + found))
    printf '%-20s %12s %10s %10s\n' "$what" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)" \
        "$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -c6-)" "$found"
done
printf '{"fuzz.targets": %d, "fuzz.cpu_minutes": %d, "fuzz.crashes": %d}\n' "$count" "$((seconds * count / 60))" \
    "$crashes" > "$result"
cat "$result"
[ "$crashes" -eq 0 ]
