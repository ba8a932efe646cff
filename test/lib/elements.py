#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Which elements of the protocol have been shown by a test: mod_eas/doc/coverage.md.

    elements.py [--write | --add] RECORDING...
    elements.py --page

Rows: mod_eas/tbl/elements/<group>.tsv (direction, element, since, until, reason), one file per command and class of items.
Recordings: what a run of the protocol tests writes to the file that EAS_ELEMENTS names (test/proto/easlib/elements.py).

Without a switch, as test/run check does it, after the whole suite: a fault for each cell that the page calls "yes" and
the run has not shown, and for each cell without test whose row gives no reason. --write makes the page anew from the
recordings of a whole run; --add only adds what the recordings of some tests show to what the page says. Both take the
reason "not tested yet" from rows that no longer need it. --page, as make check does it, looks whether rows and page agree.

A reason is for all versions that have no test, or "14.0-14.1: for these; for others", parts divided by " | ".
"""
import csv
import glob
import os
import re
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROWS = os.path.join(TOP, "mod_eas", "tbl", "elements")
PAGE = os.path.join(TOP, "mod_eas", "doc", "coverage.md")
VERSIONS = ("2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1")
OWED = "not tested yet"
WAYS = {"in": "device", "out": "server"}
HEAD = """# What the protocol has, and what a test has shown

Made by test/lib/elements.py from the rows of mod_eas/tbl/elements/ and from what went over the wire in the protocol tests.
"device": sent by the device and taken by the server. "server": sent by the server. "." is the command itself. "yes": in a
test; "no": not, the last column says why; empty: the element does not exist in that version. Elements below Supported and
Schema, which may be any, are "*". The fields of items stand once, by class, for Sync, ItemOperations and Search.
"""


class Row:
    """One element in one direction; cells: version -> shown or not."""

    def __init__(self, group, fields):
        self.group, self.way, self.path = group, fields["direction"], fields["element"]
        self.since, self.until, self.reason = fields["since"], fields["until"], fields["reason"] or ""
        last = float(self.until or 99)
        self.cells = {v: False for v in VERSIONS if float(self.since) <= float(v) <= last}

    def __str__(self):
        return f"{self.group}: {WAYS[self.way]} {self.path}"

    def because(self, version):
        """Why that version has no test, or None."""
        for part in filter(None, self.reason.split(" | ")):
            m = re.match(r"(\d+\.\d)(-(\d+\.\d)?)?: ", part)
            if not m:
                return part
            last = m.group(3) or ("99" if m.group(2) else m.group(1))
            if float(m.group(1)) <= float(version) <= float(last):
                return part[m.end():]
        return None


def read_rows():
    rows = []
    for path in sorted(glob.glob(os.path.join(ROWS, "*.tsv")), key=str.lower):
        group = os.path.basename(path)[:-4]
        with open(path, encoding="utf-8", newline="") as f:
            f.readline()
            rows += [Row(group, r) for r in csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return rows


def table_faults(rows):
    """Rows that the token table does not know in these versions, and rows that are there twice."""
    with open(os.path.join(TOP, "mod_eas", "tbl", "eas-codepages.tsv"), encoding="utf-8", newline="") as f:
        tags = {f"{r['page_name']}:{r['tag']}": (float(r["min_version"]), float(r["max_version"] or 99))
                for r in csv.DictReader(f, delimiter="\t")}
    pages, double = {}, set()
    for row in rows:
        if row.group not in pages:
            with open(os.path.join(ROWS, row.group + ".tsv"), encoding="utf-8") as f:
                pages[row.group] = f.readline().split()[2]
        page = pages[row.group]
        for step in row.path.split("/") if row.path != "." else ():
            page, tag = step.split(":") if ":" in step else (page, step)
            since, until = tags.get(f"{page}:{tag}", (2.5, 99) if tag == "*" else (99, 0))
            if not all(since <= float(v) <= until for v in row.cells) or not row.cells:
                yield f"{row}: {page}:{tag} is not in all of its versions"
                break
        if (row.group, row.way, row.path) in double:
            yield f"{row}: is there twice"
        double.add((row.group, row.way, row.path))


def read_page():
    """(group, way, path, version) of each yes."""
    yes, group = set(), None
    ways = {v: k for k, v in WAYS.items()}
    if not os.path.exists(PAGE):
        return yes
    with open(PAGE, encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                group = line[3:].strip()
            cells = [c.strip() for c in line.split("|")[1:-1]]
            if len(cells) == len(VERSIONS) + 3 and cells[0] in ways:
                yes |= {(group, ways[cells[0]], cells[1], v) for v, c in zip(VERSIONS, cells[2:]) if c == "yes"}
    return yes


def make_page(rows):
    out, group = [HEAD], None
    for row in rows:
        if row.group != group:
            group = row.group
            out.append(f"\n## {group}\n\n| sent by | element | {' | '.join(VERSIONS)} | without test because |\n"
                       f"|---|---|{'---|' * len(VERSIONS)}---|\n")
        cells = ["" if v not in row.cells else "yes" if row.cells[v] else "no" for v in VERSIONS]
        why = "" if all(row.cells.values()) else row.reason.replace(" | ", "; ")
        out.append(f"| {WAYS[row.way]} | {row.path} | {' | '.join(cells)} | {why} |\n")
    return "".join(out)


def drop_reasons(rows):
    """The mark of a debt goes when the debt is paid."""
    paid = {(r.group, r.way, r.path) for r in rows if r.reason == OWED and all(r.cells.values())}
    for group in {g for g, _, _ in paid}:
        path = os.path.join(ROWS, group + ".tsv")
        with open(path, encoding="utf-8") as f:
            lines = f.read().split("\n")
        for i, line in enumerate(lines):
            cells = line.split("\t")
            if len(cells) == 5 and (group, cells[0], cells[1]) in paid:
                lines[i] = "\t".join(cells[:4] + [""])
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(lines))
    return len(paid)


def main(args):
    switch = args.pop(0) if args and args[0].startswith("--") else None
    if bool(args) == (switch == "--page") or switch not in (None, "--write", "--add", "--page"):
        sys.exit(__doc__)
    rows, before, seen = read_rows(), read_page(), set()
    for path in args:
        with open(path, encoding="utf-8") as f:
            seen |= {tuple(line.rstrip("\n").split("\t")) for line in f}
    if switch in ("--add", "--page"):
        seen |= before
    for row in rows:
        row.cells = {v: (row.group, row.way, row.path, v) in seen for v in row.cells}
    faults, notes = list(table_faults(rows)), []
    cells = [(row, v, shown) for row in rows for v, shown in row.cells.items()]
    for row, v, shown in cells:
        was = (row.group, row.way, row.path, v) in before
        if not shown and row.because(v) is None:
            faults.append(f"{row} in {v} has neither a test nor a reason")
        elif not shown and was and not switch:
            faults.append(f"{row} in {v} was shown by a test and is no longer")
        elif shown and not was and not switch:
            notes.append(f"{row} in {v} is shown by a test now; elements.py --add tells the page")
    if switch == "--page":
        with open(PAGE, encoding="utf-8") as f:
            if f.read() != make_page(rows):
                faults.append("mod_eas/doc/coverage.md does not fit its rows: elements.py --add RECORDING makes it again")
    elif switch:
        paid = drop_reasons(rows)
        with open(PAGE, "w", encoding="utf-8") as f:
            f.write(make_page(rows))
        print(f"{PAGE}: written, {paid} rows paid")
    known = {(row.group, row.way, row.path) for row in rows}
    strange = sorted({s[:3] for s in seen if s[:3] not in known})
    print("".join(f"note: {n}\n" for n in notes[:20]) + "".join(f"FAULT: {f}\n" for f in faults), end="")
    if "-v" in os.environ.get("ELEMENTS_FLAGS", ""):
        print("".join(f"no row: {' '.join(s)}\n" for s in strange), end="")
    owed = sum(not shown and row.because(v) == OWED for row, v, shown in cells)
    print(f"{len(rows)} rows, {len(cells)} cells: {sum(s for _, _, s in cells)} yes, "
          f"{sum(not s for _, _, s in cells)} no, of these {owed} {OWED}; {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
