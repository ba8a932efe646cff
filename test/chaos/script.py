# SPDX-License-Identifier: Apache-2.0
"""Makes the script of an episode: a list of operations that depend on the seed alone, so that any part of it can be played.

An operation is a list [name, arguments...]. Items are named by a number that is taken modulo what is there when it is played.
"""
import random

PLACES = ["contacts"] * 5 + ["contacts2"] * 2 + ["calendar"] * 4 + ["tasks"] * 3 + ["inbox"] * 5 + ["trash"]
PIM = ["contacts"] * 4 + ["contacts2"] * 2 + ["calendar"] * 3 + ["tasks"] * 3
HOW = ["plain"] * 24 + ["lose1"] * 5 + ["lose3"] * 2 + ["drop"] * 4 + ["recompose"] * 4 + ["twin"] * 3
OX_FAULTS = ["status", "error", "cut", "truncate", "garbage", "delay"]
NEVER = ["denied", "quota", "invalid"]  # what OX refuses for good
FAULTS = ("expire", "oxfault", "kill", "reload", "store", "killin", "oxrefusal")
MOVES = [("contacts", "contacts2"), ("contacts2", "contacts"), ("inbox", "trash"), ("trash", "inbox")]
WINDOWS = {"inbox": "02345", "trash": "0245", "calendar": "04567", "tasks": "08", "contacts": "0"}


class Writer:
    """seed, devices: as the options say; faults: names of the kinds of faults to use."""

    def __init__(self, seed, devices, faults=FAULTS):
        self.r, self.devices, self.faults, self.serial = random.Random(seed), devices, faults, 0

    def number(self):
        self.serial += 1
        return self.serial

    def pick(self):
        return self.r.randrange(1000)

    def device(self):
        return self.r.randrange(self.devices)

    # ---- one operation each -------------------------------------------------------------------
    def add(self):
        return ["add", self.device(), self.r.choice(PIM), self.number()]

    def set(self):
        return ["set", self.device(), self.r.choice(PLACES), self.pick(), self.pick(), self.number()]

    def delete(self):
        return ["delete", self.device(), self.r.choice(PLACES), self.pick()]

    def sync(self):
        return ["sync", self.device(), self.r.choice(PLACES), self.r.choice(HOW)]

    def foldersync(self):
        return ["foldersync", self.device(), self.r.choice((0, 0, 1, 2))]

    def oxadd(self):
        return ["oxadd", self.r.choice(PIM + ["inbox"] * 8), self.number()]

    def oxset(self):
        return ["oxset", self.r.choice(PLACES), self.pick(), self.pick(), self.number()]

    def oxdelete(self):
        return ["oxdelete", self.r.choice(PLACES), self.pick()]

    def oxmove(self):
        a, b = self.r.choice(MOVES)
        return ["oxmove", a, self.pick(), b]

    def move(self):
        a, b = self.r.choice(MOVES)
        return ["move", self.device(), a, self.pick(), b, self.r.choice(("0", "0", "0", "1", "3", "drop", "twin"))]

    def filter(self):
        place = self.r.choice(list(WINDOWS))
        return ["filter", self.device(), place, self.r.choice(WINDOWS[place])]

    def both(self):
        """Two or three at the same moment, on different devices."""
        first = self.sync()
        out = [first]
        for _ in range(self.r.choice((1, 1, 2))):
            op = self.r.choice((self.sync, self.sync, self.oxset, self.oxset, self.oxdelete, self.oxmove, self.move))()
            ours = op[0] in ("sync", "move")
            if not ours or all(op[1] != o[1] for o in out if o[0] in ("sync", "move")):
                if self.r.random() < 0.7 and op[0] not in ("move", "oxmove"):
                    op[2 if ours else 1] = first[2]
                out.append(op)
        return ["both", *out]

    def fault(self):
        kind = self.r.choice(self.faults)
        if kind == "oxfault":
            return ["oxfault", self.r.choice(OX_FAULTS), self.r.choice((None, "contacts", "calendar", "tasks", "mail")),
                    self.r.randrange(1, 4), self.r.randrange(4), self.r.random() < 0.4]
        if kind == "oxrefusal":
            return ["oxrefusal", self.r.choice(NEVER), self.r.choice(("contacts", "calendar", "tasks", "mail")),
                    self.r.choice(("new", "update", "delete")), self.r.randrange(1, 4), self.r.randrange(3)]
        if kind == "store":
            return ["store", self.r.choice(("hold", "hold", "cut", "crash")), self.r.choice((200, 600, 1500))]
        if kind == "killin":
            return ["killin", self.device(), self.r.choice(PLACES), self.r.randrange(30)]
        return [kind]

    ROWS = (("add", 8), ("set", 26), ("delete", 4), ("sync", 34), ("foldersync", 1), ("oxadd", 6), ("oxset", 12), ("oxdelete", 2),
            ("oxmove", 2), ("both", 4), ("move", 3), ("filter", 1))

    def one(self):
        if self.faults and self.r.random() < 0.008:
            return self.fault()
        names, weights = zip(*self.ROWS)
        return getattr(self, self.r.choices(names, weights)[0])()

    def script(self, count):
        return [self.one() for _ in range(count)]
