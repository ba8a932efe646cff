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
PLACES = ("contacts", "contacts2", "calendar", "tasks", "inbox", "trash")
FOLDERS = 4     # of each kind that come and go
ROOM = 30       # items of a place above which additions become edits
COMPARE = 1     # EASMailCompare: OX shows by counters whether a mail folder changed, and they do not count flags
HELD_BACK = 62  # seconds, a little more than libusm waits
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
        self.errors, self.refused, self.waited = [], 0, False

    def run(self, script):
        """List of (kind, text) of what went wrong; kind: lost, doubled, diverged, refused."""
        try:
            end = time.monotonic() + 90
            for p in self.phones:
                while not p.patiently(p.start):
                    self.hurry(end, p, "the start")
            for op in script:
                self.play(op)
            self.trouble.calm(self.user)
            self.settle()
            self.compare()
            if self.errors and all(kind == "diverged" for kind, _ in self.errors):
                self.wait_for_held_back()
        except (Failure, ProtocolFault) as e:
            self.errors.append(("refused", str(e)[:3000]))
        finally:
            self.trouble.calm(self.user)
            for p in self.phones:
                p.device.close()
        return self.errors

    def wait_for_held_back(self):
        """An item that OX could not give when a phone was to be told of it is asked for again after a minute."""
        time.sleep(HELD_BACK)
        self.errors, self.waited = [], True
        self.settle()
        self.compare()

    def play(self, op):
        getattr(self, "op_" + op[0])(*op[1:])

    # ---- the operations -------------------------------------------------------------------------
    @staticmethod
    def values(module, mark, n):
        return {f.name: fields.value(module, f.name, mark, n) for f in fields.EDITABLE[module]}

    def phone_at(self, d, place):
        """The phone, and the place on it; None: it has no such folder."""
        phone = self.phones[d % len(self.phones)]
        return phone, phone.place(place)

    def op_add(self, d, place, n):
        phone, place = self.phone_at(d, place)
        if not place or len(phone.shelf(place).items) >= ROOM:
            return
        module = fields.module_of(place)
        known = {f.name for f in fields.carried(module, phone.version)}
        values = {f: v for f, v in self.values(module, f"{place}-{n}", n).items() if f in known}
        phone.edit_add(place, f"{place}-{n}", values)

    def op_set(self, d, place, pick, which, n):
        phone, place = self.phone_at(d, place)
        rows = fields.EDITABLE[fields.module_of(place)] if place else [None]
        if place:
            phone.edit_set(place, pick, rows[which % len(rows)], n)

    def op_delete(self, d, place, pick):
        phone, place = self.phone_at(d, place)
        if place:
            phone.edit_delete(place, pick)

    def op_sync(self, d, place, how):
        phone, place = self.phone_at(d, place)
        if place:
            phone.sync(place, how)

    def op_send(self, d, kind, pick, n, lose):
        if len(self.rows("inbox")) < ROOM:
            self.phones[d % len(self.phones)].send(kind, pick, n, lose, self.ox.address)

    def op_filter(self, d, place, window):
        phone, place = self.phone_at(d, place)
        if place:
            phone.shelf(place).filter = window

    def op_move(self, d, place, pick, to, lose):
        self.phones[d % len(self.phones)].move(place, pick, to, lose)

    def op_foldersync(self, d, lose):
        self.phones[d % len(self.phones)].foldersync(lose)

    # ---- folders
    def op_fcreate(self, d, kind, pick, n, lose):
        phone = self.phones[d % len(self.phones)]
        if len(phone.own_folders(kind)) < FOLDERS:
            phone.folder_create(kind, pick, n, lose)

    def op_frename(self, d, kind, pick, n, lose):
        self.phones[d % len(self.phones)].folder_rename(kind, pick, n, lose)

    def op_fmove(self, d, pick, other, lose):
        self.phones[d % len(self.phones)].folder_move(pick, other, lose)

    def op_fdelete(self, d, kind, pick, lose):
        self.phones[d % len(self.phones)].folder_delete(kind, pick, lose)

    def chosen_folder(self, kind, pick):
        have = sorted((m, f) for m, f in self.ox.folders().items() if m[1] == kind)
        return have[pick % len(have)] if have else (None, None)

    def op_oxfcreate(self, kind, pick, n):
        have = [m for m in self.ox.folders() if m[1] == kind]
        mark, f = self.chosen_folder(kind, pick) if kind == "m" and pick % 3 == 0 else (None, None)
        new = f"F{kind}{n}"
        if len(have) < FOLDERS:
            self.edit([(new, "place", mark or "top"), (new, "title", str(n))],
                      lambda: self.ox.folder_create(new, n, f[2] if f else None))

    def op_oxfrename(self, kind, pick, n):
        mark, f = self.chosen_folder(kind, pick)
        if mark:
            self.edit([(mark, "title", str(n))], lambda: self.ox.folder_update(f[2], title=f"{mark} t{n}"))

    def op_oxfmove(self, pick, other):
        mark, f = self.chosen_folder("m", pick)
        to, g = self.chosen_folder("m", other)
        if mark and to != mark and to != f[0] and not g[2].startswith(f[2] + "/"):
            self.edit([(mark, "place", to)], lambda: self.ox.folder_update(f[2], folder_id=g[2]))

    def op_oxfdelete(self, kind, pick):
        mark, f = self.chosen_folder(kind, pick)
        if mark:
            places = ("trash", None) if kind == "m" else (None,)
            self.edit([(mark, "place", p) for p in places], lambda: self.ox.folder_delete(f[2]))

    def place(self, name):
        """The place meant, see Handset.place(); None: there is none."""
        if name[0] in "km" and name[1:].isdigit():
            return self.chosen_folder(name[0], int(name[1:]))[0]
        return name

    def op_oxadd(self, place, n):
        place = self.place(place)
        if not place:
            return
        module, values = self.ox.places[place][0], {"mark": f"{place}-{n}"}
        values.update({"read": "0", "flag": "0"} if module == "mail" else self.values(module, values["mark"], n))
        if len(self.rows(place)) < ROOM:
            self.edit([(values["mark"], k, v) for k, v in values.items() if k != "mark"] + [(values["mark"], "place", place)],
                      lambda: self.ox.add(place, values))

    def chosen(self, place, pick):
        rows = self.rows(place) if place else None
        return rows[pick % len(rows)] if rows else (None, None)

    def rows(self, place):
        """[] of a folder that somebody has just deleted."""
        try:
            return self.ox.rows(place)
        except (Refused, KeyError):
            if place in PLACES:
                raise
            return []

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
        place = self.place(place)
        if not place:
            return
        module = fields.module_of(place)
        field = fields.EDITABLE[module][which % len(fields.EDITABLE[module])]
        oid, item = self.chosen(place, pick)
        value = None if not oid or field.clear and n % 7 == 0 else fields.value(module, field.name, item["mark"], n)
        if oid and item[field.name] != value:
            self.edit([(item["mark"], field.name, value)], lambda: self.ox.set(place, oid, field.name, value))

    def op_oxdelete(self, place, pick):
        place = self.place(place)
        oid, item = self.chosen(place, pick)
        if oid:
            self.edit([(item["mark"], "place", None)], lambda: self.ox.delete(place, oid))

    def op_oxmove(self, place, pick, to):
        place, to = self.place(place), self.place(to)
        oid, item = self.chosen(place, pick)
        if oid and to and to != place:
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
        self.ox.folders()
        for i in range(ROUNDS):
            before = self.state()
            if i == 1:
                time.sleep(COMPARE + 0.1)
            for p in self.phones:
                self.settle_phone(p, end)
            if i and self.state() == before:
                return
        raise Failure(f"no rest after {ROUNDS} rounds")

    def settle_phone(self, p, end):
        while not p.finish_moves():
            self.hurry(end, p, "MoveItems")
        while not p.foldersync():
            self.hurry(end, p, "FolderSync")
        for place in (*PLACES, *p.own_folders("k"), *p.own_folders("m")):
            while p.place(place) and not self.at_rest(p, place):
                self.hurry(end, p, place)

    @staticmethod
    def at_rest(p, place):
        if place not in PLACES and place not in p.own_folders(place[1]):
            return True
        return p.sync(place, turns=0) and (place not in p.shelves or p.shelves[place].clean())

    @staticmethod
    def hurry(end, phone, what):
        if time.monotonic() > end:
            raise Failure(f"{phone.name}: {what} is not done long after the last fault")

    def state(self):
        return [(s.key, len(s.items)) for p in self.phones for s in p.shelves.values()] + [p.folder_key for p in self.phones]

    def compare(self):
        held = {m: (f[0], {"title": f[1]}) for m, f in self.ox.folders().items()}
        for p in self.phones:
            self.compare_folders(p, held)
        for place in self.ox.places:
            module = fields.module_of(place)
            rows = [values for _, values in self.ox.rows(place)]
            for values in rows:
                mark = values["mark"]
                if mark in held:
                    self.errors.append(("doubled", f"{mark} is in OX twice: {held[mark]} and {(place, values)}"))
                held[mark] = (place, values)
            for p in self.phones:
                if place in PLACES or place in p.own_folders(place[1]):
                    self.compare_phone(p, place, module, rows)
        self.errors += self.ledger.judge(held, lambda m: [f for f in held[m][1] if f != "mark"])

    def compare_folders(self, p, held):
        want = sorted((m, place, v["title"]) for m, (place, v) in held.items())
        ids = {**p.own_folders("k"), **p.own_folders("m")}
        have = sorted((m, p.parent_mark(i), p.folders[i][0].split(" t")[1]) for m, i in ids.items())
        if want != have:
            told = "".join(f"\n  {m}: {self.ledger.items.get(m)}" for m in sorted({w[0] for w in set(want) ^ set(have)})[:3])
            self.errors.append(("diverged", f"{p.name} ({p.version}) folders\n  OX    {want}\n  phone {have}{told}"))

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
