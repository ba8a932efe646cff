# SPDX-License-Identifier: Apache-2.0
# Sourced by test/run. Runs the steps of a command one after another, keeps each one's output in a log file, and adds up what
# passed and failed. A step that fails does not keep the later ones from running.
passed=0
failed=0
skipped=0

steps_begin() {
    logs=$base/logs-$1
    mkdir -p "$logs" || exit 2
    rm -f "$logs"/*.log
    echo "$1: logs in $logs"
}

log_of() {
    echo "$logs/$(echo "$1" | tr -cs 'A-Za-z0-9' '-' | sed 's/-$//').log"
}

# run_step NAME COMMAND...: output to $log; result in $status, seconds in $took. NAME alone waits for a step that
# start_step has put into the background.
run_step() {
    name=$1
    log=$(log_of "$name")
    shift
    [ $# -eq 0 ] || start_step "$name" "$@"
    while [ ! -f "$log.result" ]; do
        sleep 0.2
    done
    read -r status took < "$log.result"
    rm -f "$log.result"
}

# start_step NAME COMMAND...: runs beside what follows; for steps that wait more than they work
start_step() {
    start_log=$(log_of "$1")
    shift
    rm -f "$start_log.result"
    (
        began=$(date +%s)
        ("$@") > "$start_log" 2>&1 < /dev/null
        echo "$? $(($(date +%s) - began))" > "$start_log.part"
        mv "$start_log.part" "$start_log.result"
    ) &
}

# report PASSED FAILED SKIPPED: adds the counts of the step that just ran and prints its line
report() {
    [ "$status" -eq 0 ] || [ "$2" -gt 0 ] || set -- "$1" 1 "$3"
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + $3))
    text="$1 passed"
    [ "$2" -eq 0 ] || text="$text, $2 FAILED"
    [ "$3" -eq 0 ] || text="$text, $3 skipped"
    printf '%-36s %s (%s s)\n' "$name" "$text" "$took"
    if [ "$2" -gt 0 ]; then
        echo "---- end of $log"
        tail -n 40 "$log"
        echo "----"
    fi
}

# step NAME COMMAND...: one pass or one failure
step() {
    run_step "$@"
    if [ "$status" -eq 0 ]; then report 1 0 0; else report 0 1 0; fi
}

# step_unit NAME BUILD COMMAND...: make check; the sums of cmocka's own lines, and one per script
step_unit() {
    unit_name=$1
    unit_build=$base/$2
    shift 2
    find "$unit_build" -name '*.trs' -exec rm -f {} + 2> /dev/null
    run_step "$unit_name" "$@"
    sums=$(find "$unit_build" -name '*.trs' ! -path '*/mod_eas-*/*' | sort | while read -r trs; do
        verdict=$(sed -n 's/^:test-result: //p' "$trs" | head -n 1)
        awk -v verdict="${verdict%% *}" -v trs="$trs" '
            /^\[  PASSED  \] [0-9]+ test/ { p += $4 }
            /^\[  FAILED  \] [0-9]+ test/ { f += $4 }
            /^\[  SKIPPED \] [0-9]+ test/ { s += $4 }
            END {
                if (verdict == "SKIP") { if (p + f + s == 0) s = 1 }
                else if (verdict == "PASS") { if (p + f + s == 0) p = 1 }
                else if (f == 0) f = 1
                print p + 0, f + 0, s + 0
            }' "${trs%.trs}.log"
    done | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
    # shellcheck disable=SC2086 # three numbers
    report $sums
    if [ "$failed" -gt 0 ]; then
        find "$unit_build" -name '*.trs' ! -path '*/mod_eas-*/*' -exec grep -lE '^:test-result: (FAIL|ERROR)' {} + |
            while read -r trs; do
                echo "---- ${trs%.trs}.log"
                grep -vE '^\[ +(OK|RUN) +\]' "${trs%.trs}.log" | tail -n 25
            done
    fi
}

# step_pytest NAME COMMAND...: the counts of pytest's last line
step_pytest() {
    run_step "$@"
    last=$(grep -E '(passed|failed|error|skipped|no tests ran).* in [0-9.]+s' "$log" | tail -n 1)
    count() { echo "$last" | grep -oE "[0-9]+ $1" | head -n 1 | grep -oE '[0-9]+' || echo 0; }
    errors=$(count error)
    report "$(count passed)" $(($(count failed) + errors)) "$(count skipped)"
}

# steps_end: the sum, alone on the last line; ends the script
steps_end() {
    [ "$skipped" -eq 0 ] || echo "skipped: $skipped (the logs say why)"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
    exit
}
