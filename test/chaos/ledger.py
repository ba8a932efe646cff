# SPDX-License-Identifier: Apache-2.0
"""The model: every value of every item that anybody wrote, when, and whether it was accepted.

Each (mark, field) is a register. A write lasts from the moment its request first left until its fate was known. What the
register holds in the end must be the value of a write that no accepted write followed: one that began after it had ended.
A write whose fate stayed unknown, or that the server refused (it may have taken part of it), may have happened or not.
The place of an item (its folder, None when it is deleted) is a register like any other.
"""
import threading

OPEN = 1 << 60


class Write:
    """One value on its way."""
    __slots__ = ("begun", "ended", "value", "sure", "by", "register")

    def __init__(self, begun, value, by):
        self.begun, self.ended, self.value, self.sure, self.by = begun, OPEN, value, False, by

    def __repr__(self):
        end = "?" if self.ended == OPEN else self.ended
        return f"{self.value!r} by {self.by} [{self.begun}..{end}]{'' if self.sure else ' perhaps'}"


class Ledger:
    """All registers of one user's data."""

    def __init__(self):
        self.now, self.items, self.lock = 0, {}, threading.Lock()

    def tick(self):
        with self.lock:
            self.now += 1
            return self.now

    def begin(self, mark, field, value, by, loose=()):
        """loose: writes of requests whose answer was never seen. The same value sent again is the same write."""
        w = Write(self.tick(), value, by)
        for old in loose:
            if old.register == (mark, field) and old.value == value:
                w.begun = min(w.begun, old.begun)
        w.register = (mark, field)
        with self.lock:
            self.items.setdefault(mark, {}).setdefault(field, []).append(w)
        return w

    def end(self, write, sure):
        write.ended, write.sure = self.tick(), sure

    def wrote(self, mark, field, value, by):
        """A write that happened at once."""
        self.end(self.begin(mark, field, value, by), True)

    def writes(self, mark, field):
        return self.items.get(mark, {}).get(field, [])

    def others(self, mark, field, since, by):
        """Did anybody else write this register, perhaps, after that moment?"""
        return any(w.ended > since and w.by != by for w in self.writes(mark, field))

    def touched(self, mark, since, by):
        """Did anybody else write any field of the item after that moment?"""
        return any(self.others(mark, f, since, by) for f in list(self.items.get(mark, ())))

    def possible(self, mark, field):
        """The writes whose value the register may hold now."""
        ws = self.writes(mark, field)
        sure = max((w.begun for w in ws if w.sure), default=0)
        return [w for w in ws if w.ended >= sure]

    def marks(self):
        return set(self.items)

    def judge(self, held, fields_of):
        """held: {mark: (place, {field: value})} as OX has it -> list of (kind, text)."""
        bad = []
        for mark in sorted(self.marks() | set(held)):
            place, values = held.get(mark, (None, None))
            may = self.possible(mark, "place")
            born = any(w.sure for w in may)
            # A folder that is gone has taken along what was in it.
            if place is None and any(str(w.value)[:2] in ("Fk", "Fm") and w.value not in held for w in may):
                continue
            if place not in {w.value for w in may} and (born or place is not None):
                kind = "lost" if place is None else "diverged"
                bad.append((kind, f"{mark} is in {place}; expected one of {may}; all {self.writes(mark, 'place')}"))
                continue
            for f in fields_of(mark) if values else ():
                may = self.possible(mark, f)
                if may and values.get(f) not in {w.value for w in may}:
                    bad.append(("lost", f"{mark}.{f} is {values.get(f)!r}; expected one of {may}; all "
                                f"{self.writes(mark, f)}"))
        return bad
