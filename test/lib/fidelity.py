#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The property tests of loss-free trips, long: fidelity.py BUILD TURNS RESULTS
TURNS objects of each class at each version; every recurrence pattern. Adds its figures to the JSON file RESULTS."""
import json
import os
import re
import subprocess
import sys

TESTS = ("test_fidelity", "test_fidelity_device", "test_recur", "test_timezone")


def main(build, turns, results):
    env = dict(os.environ, USM_FIDELITY=turns)
    objects = differences = 0
    for name in TESTS:
        run = subprocess.run([os.path.join(build, "test/unit", name)], env=env, text=True, errors="replace",
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        objects += sum(int(n) for n in re.findall(r"fidelity: (\d+) objects", run.stdout))
        if run.returncode:
            differences += max(1, run.stdout.count("[  FAILED  ] test_") // 2)
            print(run.stdout[-4000:])
    try:
        with open(results, encoding="utf-8") as f:
            figures = json.load(f)
    except FileNotFoundError:
        figures = {}
    figures.update({"fidelity.objects": objects, "fidelity.differences": differences})
    with open(results, "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1, sort_keys=True)
    print(f"fidelity: {objects} objects, {differences} differences")
    return 1 if differences or not objects else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
