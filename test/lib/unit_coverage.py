# SPDX-License-Identifier: Apache-2.0
"""What the unit tests alone execute: python3 test/lib/unit_coverage.py BUILD [TEST...]

BUILD is a folder configured with --enable-coverage, with the test programs made (make check TESTS=). Each program runs by
itself, so that it is known which test executes which file. Prints a line per source file: the share of its lines that all
programs together execute, and of those that name it ("Tests:") the one with the largest share. Ends with 1 when a file
is below 60 %: then its tests do not test it. With TEST (test_turn ...) only these run and nothing is judged; -l FILE.c
lists the lines that no program executed.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

FLOOR = 60
TOP = pathlib.Path(__file__).resolve().parents[2]


def named_files(source):
    """The files that a test's source names."""
    head = "".join(source.read_text().splitlines(keepends=True)[:15])
    return {name for words in re.findall(r"Tests:([^*]*)\*/", head) for name in words.split()}


def run(program, build, folder):
    """Runs one test; counts go to FOLDER. Its exit code."""
    env = dict(os.environ, GCOV_PREFIX=str(folder), top_srcdir=str(TOP), top_builddir=str(build))
    return subprocess.run([program], cwd=build, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode


def lines_of(build, folder):
    """{path below TOP: {line: times executed}} of one run."""
    found = {}
    data = []
    for path in sorted(folder.rglob("*.gcda")):
        notes = pathlib.Path("/", path.relative_to(folder)).with_suffix(".gcno")
        if notes.exists():
            shutil.copy(notes, path.with_suffix(".gcno"))
            data.append(str(path))
    if not data:
        return found
    gcov = subprocess.run(["gcov", "--json-format", "--stdout", *data], cwd=build, capture_output=True, check=False)
    if gcov.returncode:
        sys.exit(f"gcov failed; was {build} made as a whole?\n{gcov.stderr.decode()[-2000:]}")
    for text in gcov.stdout.decode().splitlines():
        for file in json.loads(text)["files"]:
            path = (build / file["file"]).resolve()
            if path.suffix == ".c" and path.is_relative_to(TOP):
                lines = found.setdefault(str(path.relative_to(TOP)), {})
                for line in file["lines"]:
                    lines[line["line_number"]] = lines.get(line["line_number"], 0) + line["count"]
    return found


def share(lines):
    return 100 * sum(count > 0 for count in lines.values()) // len(lines) if lines else 0


def ranges(numbers):
    text, start, last = [], None, None
    for number in [*numbers, None]:
        if start is not None and number != last + 1 if number is not None else start is not None:
            text.append(str(start) if start == last else f"{start}-{last}")
            start = None
        start = number if start is None else start
        last = number
    return " ".join(text)


def main(build, wanted, listed):
    tests = sorted(path for path in (TOP / "test/unit").glob("test_*.c"))
    tests = [path for path in tests if not wanted or path.stem in wanted]
    total, by_test, failed = {}, {}, []
    for source in tests:
        program = build / "test/unit" / source.stem
        if not program.exists():
            print(f"{source.stem}: not built", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as folder:
            if run(program, build, pathlib.Path(folder)):
                failed.append(source.stem)
            found = lines_of(build, pathlib.Path(folder))
        by_test[source.stem] = found
        for path, lines in found.items():
            for number, count in lines.items():
                total.setdefault(path, {}).setdefault(number, 0)
                total[path][number] += count
    names = {source.stem: named_files(source) for source in tests}
    below = []
    every = sorted(str(path.relative_to(TOP)) for top in ("libusm", "mod_eas") for path in (TOP / top).rglob("*.c"))
    for path in every:
        by = sorted(((share(found.get(path, {})), test) for test, found in by_test.items()
                     if os.path.basename(path) in names[test]), reverse=True)
        percent = share(total.get(path, {}))
        missed = sum(count == 0 for count in total.get(path, {}).values())
        print(f"{percent:3d} % {missed:4d} missed  {path}  {', '.join(f'{test} {part} %' for part, test in by)}")
        if percent < FLOOR:
            below.append(path)
        if listed and os.path.basename(path) in listed:
            print("   ", ranges(sorted(n for n, count in total.get(path, {}).items() if count == 0)))
    counts = [count for lines in total.values() for count in lines.values()]
    print(f"{share(dict(enumerate(counts)))} % of {len(counts)} lines")
    for test in failed:
        print(f"FAULT: {test} failed")
    for path in below if not wanted else []:
        print(f"FAULT: {path}: below {FLOOR} %")
    if os.environ.get("COVERAGE_JSON"):
        pathlib.Path(os.environ["COVERAGE_JSON"]).write_text(json.dumps(
            {test: {path: share(lines) for path, lines in found.items()} for test, found in by_test.items()}))
    return bool(failed or (below and not wanted))


if __name__ == "__main__":
    arguments = sys.argv[1:]
    show = [arguments.pop(at + 1) for at in [i for i, word in enumerate(arguments) if word == "-l"][::-1]]
    arguments = [word for word in arguments if word != "-l"]
    if not arguments:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(arguments[0]).resolve(), set(arguments[1:]), show))
