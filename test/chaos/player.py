# SPDX-License-Identifier: Apache-2.0
"""Plays a script for one user: devices, OX edits and faults; then lets everything settle and compares."""
import threading
import time

from easlib.client import ProtocolFault
from easlib.seed import DOMAIN, PASSWORD

import fields
from groupware import Groupware, Refused
from handset import Failure, Handset
from ledger import Ledger

VERSIONS = ("14.1", "16.1", "2.5", "12.1", "14.0", "16.0", "12.0")
WINDOWS = (None, "5", None, "2", None, None, "25")
ROOM = 30       # items of a place above which additions become edits
COMPARE = 1     # EASMailCompare: OX shows by counters whether a mail folder changed, and they do not count flags
ROUNDS = 12     # of syncs in which everything must come to rest


class Episode:
    """One script against one fresh user."""

    def __init__(self, site, number, devices, trouble):
        name = f"u{number:04d}"
        self.site, self.trouble, self.ledger = site, trouble, Ledger()
        self.user = name
        self.ox = Groupware(site.ox.control_port, name, f"{name}@{DOMAIN}")
        self.phones = [Handset(site.eas, name, PASSWORD % name, VERSIONS[i % len(VERSIONS)], f"{name}D{i:02d}", self.ledger,
                               WINDOWS[i % len(WINDOWS)]) for i in range(devices)]
        self.errors, self.refused = [], 0

    def run(self, script):
        """List of (kind, text) of what went wrong; kind: lost, doubled, diverged, refused."""
        try:
            for p in self.phones:
                p.patiently(p.start)
            for op in script:
                self.play(op)
            self.trouble.calm(self.user)
            self.settle()
            self.compare()
        except (Failure, ProtocolFault) as e:
            self.errors.append(("refused", str(e)[:3000]))
        finally:
            self.trouble.calm(self.user)
            for p in self.phones:
                p.device.close()
        return self.errors

    def play(self, op):
        getattr(self, "op_" + op[0])(*op[1:])

    # ---- the operations -------------------------------------------------------------------------
    @staticmethod
    def values(module, mark, n):
        return {f.name: fields.value(module, f.name, mark, n) for f in fields.EDITABLE[module]}

    def op_add(self, d, place, n):
        phone = self.phones[d % len(self.phones)]
        if len(phone.shelf(place).items) >= ROOM:
            return
        module = self.ox.places[place][0]
        values = {f: v for f, v in self.values(module, f"{place}-{n}", n).items() if fields.BY_NAME[module][f].since <= phone.version}
        phone.edit_add(place, f"{place}-{n}", values)

    def op_set(self, d, place, pick, which, n):
        rows = fields.EDITABLE[self.ox.places[place][0]]
        field = rows[which % len(rows)]
        self.phones[d % len(self.phones)].edit_set(place, pick, field, n)

    def op_delete(self, d, place, pick):
        self.phones[d % len(self.phones)].edit_delete(place, pick)

    def op_sync(self, d, place, how):
        self.phones[d % len(self.phones)].sync(place, how)

    def op_filter(self, d, place, window):
        self.phones[d % len(self.phones)].shelf(place).filter = window

    def op_move(self, d, place, pick, to, lose):
        self.phones[d % len(self.phones)].move(place, pick, to, lose)

    def op_foldersync(self, d, lose):
        self.phones[d % len(self.phones)].foldersync(lose)

    def op_oxadd(self, place, n):
        module, values = self.ox.places[place][0], {"mark": f"{place}-{n}"}
        values.update({"read": "0", "flag": "0"} if module == "mail" else self.values(module, values["mark"], n))
        if len(self.ox.rows(place)) < ROOM:
            self.edit([(values["mark"], k, v) for k, v in values.items() if k != "mark"] + [(values["mark"], "place", place)],
                      lambda: self.ox.add(place, values))

    def chosen(self, place, pick):
        rows = self.ox.rows(place)
        return rows[pick % len(rows)] if rows else (None, None)

    def edit(self, registers, what):
        """An edit in OX and the registers it writes."""
        writes = [self.ledger.begin(*r, "ox") for r in registers]
        try:
            what()
            ok = True
        except Refused:
            ok = False
            self.refused += 1
        for w in writes:
            self.ledger.end(w, ok)

    def op_oxset(self, place, pick, which, n):
        module = self.ox.places[place][0]
        field = fields.EDITABLE[module][which % len(fields.EDITABLE[module])]
        oid, item = self.chosen(place, pick)
        value = None if not oid or field.clear and n % 7 == 0 else fields.value(module, field.name, item["mark"], n)
        if oid and item[field.name] != value:
            self.edit([(item["mark"], field.name, value)], lambda: self.ox.set(place, oid, field.name, value))

    def op_oxdelete(self, place, pick):
        oid, item = self.chosen(place, pick)
        if oid:
            self.edit([(item["mark"], "place", None)], lambda: self.ox.delete(place, oid))

    def op_oxmove(self, place, pick, to):
        oid, item = self.chosen(place, pick)
        if oid:
            self.edit([(item["mark"], "place", to)], lambda: self.ox.move(place, oid, to))

    def op_both(self, *ops):
        raised = []

        def run(op):
            try:
                self.play(op)
            except (Failure, ProtocolFault) as e:
                raised.append(e)
        threads = [threading.Thread(target=run, args=(op,)) for op in ops]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        if raised:
            raise raised[0]

    # ---- faults ---------------------------------------------------------------------------------
    def op_expire(self):
        self.trouble.expire(self.user)

    def op_oxfault(self, kind, module, count, skip, after):
        self.trouble.ox(self.user, kind, module, count, skip, after)

    def op_oxrefusal(self, kind, module, action, count, skip):
        """OX refuses some writes for good."""
        self.trouble.ox(self.user, kind, module, count, skip, False, action)

    def op_kill(self):
        self.trouble.kill()

    def op_reload(self):
        self.trouble.reload()

    def op_store(self, kind, ms):
        self.trouble.store(kind, ms)

    def op_killin(self, d, place, ms):
        """A child dies while it works for this phone."""
        t = threading.Timer(ms / 1000, self.trouble.kill)
        t.start()
        try:
            self.op_sync(d, place, "plain")
        finally:
            t.join()

    # ---- the end --------------------------------------------------------------------------------
    def settle(self):
        """Every phone syncs everything until nobody has news."""
        end = time.monotonic() + 90
        for p in self.phones:
            while not p.foldersync():
                self.hurry(end, p, "FolderSync")
        for i in range(ROUNDS):
            before = self.state()
            if i == 1:
                time.sleep(COMPARE + 0.1)
            for p in self.phones:
                while not p.finish_moves():
                    self.hurry(end, p, "MoveItems")
                for place in self.ox.places:
                    while not p.sync(place, turns=0) or not p.shelf(place).clean():
                        self.hurry(end, p, place)
            if i and self.state() == before:
                return
        raise Failure(f"no rest after {ROUNDS} rounds")

    @staticmethod
    def hurry(end, phone, what):
        if time.monotonic() > end:
            raise Failure(f"{phone.name}: {what} is not done long after the last fault")

    def state(self):
        return [(s.key, len(s.items)) for p in self.phones for s in p.shelves.values()]

    def compare(self):
        held = {}
        for place in self.ox.places:
            module = self.ox.places[place][0]
            rows = [values for _, values in self.ox.rows(place)]
            for values in rows:
                mark = values["mark"]
                if mark in held:
                    self.errors.append(("doubled", f"{mark} is in OX twice: {held[mark]} and {(place, values)}"))
                held[mark] = (place, values)
            for p in self.phones:
                self.compare_phone(p, place, module, rows)
        self.errors += self.ledger.judge(held, lambda m: [f for f in held[m][1] if f != "mark"])

    def compare_phone(self, p, place, module, rows):
        known = [f.name for f in fields.carried(module, p.version)]
        want = sorted(tuple(str(v[k]) for k in known) for v in rows if fields.inside(module, p.shelf(place).filter, v))
        have = sorted(tuple(str(v.get(k)) for k in known) for v in p.shelf(place).items.values())
        marks = [h[0] for h in have]
        for m in sorted({m for m in marks if marks.count(m) > 1}):
            self.errors.append(("doubled", f"{p.name} ({p.version}) has {m} more than once in {place}"))
        missing, extra = [w for w in want if w not in have], [h for h in have if h not in want]
        if missing or extra:
            told = "".join(f"\n  {m}.{known[i]}: {self.ledger.writes(m, known[i])}" for m, i in self.differing(missing, extra))
            self.errors.append(("diverged", f"{p.name} ({p.version}) {place} {known}\n  OX    {missing}\n  phone {extra}{told}"))

    @staticmethod
    def differing(missing, extra):
        """The first few (mark, number of the field) that differ."""
        phone = {row[0]: row for row in extra}
        return [(row[0], i) for row in missing if row[0] in phone for i, v in enumerate(row) if phone[row[0]][i] != v][:3]
