# SPDX-License-Identifier: Apache-2.0
"""Makes the script of an episode: a list of operations that depend on the seed alone, so that any part of it can be played.

An operation is a list [name, arguments...]. Items are named by a number that is taken modulo what is there when it is played.
"""
import random

PLACES = ["contacts"] * 5 + ["contacts2"] * 2 + ["calendar"] * 4 + ["tasks"] * 3 + ["inbox"] * 5 + ["trash"]
LOSE = ("0", "0", "0", "1", "3", "drop")
PIM = ["contacts"] * 4 + ["contacts2"] * 2 + ["calendar"] * 3 + ["tasks"] * 3
HOW = ["plain"] * 24 + ["lose1"] * 5 + ["lose3"] * 2 + ["drop"] * 4 + ["recompose"] * 4 + ["twin"] * 3
OX_FAULTS = ["status", "error", "cut", "truncate", "garbage", "delay"]
NEVER = ["denied", "quota", "invalid"]  # what OX refuses for good
FAULTS = ("expire", "oxfault", "kill", "reload", "store", "killin", "oxrefusal")
MOVES = [("contacts", "contacts2"), ("contacts2", "contacts"), ("inbox", "trash"), ("trash", "inbox"), ("inbox", "m"),
         ("m", "inbox"), ("m", "m"), ("contacts", "k"), ("k", "contacts"), ("k", "k")]
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

    def place(self, among):
        """One of them, or now and then of the folders that come and go."""
        p = self.r.choice(among)
        if p in ("contacts", "inbox") and self.r.random() < 0.25:
            p = "k" if p == "contacts" else "m"
        return self.any_of(p)

    def any_of(self, p):
        return f"{p}{self.r.randrange(100)}" if p in ("k", "m") else p

    # ---- one operation each -------------------------------------------------------------------
    def add(self):
        return ["add", self.device(), self.place(PIM), self.number()]

    def set(self):
        return ["set", self.device(), self.place(PLACES), self.pick(), self.pick(), self.number()]

    def delete(self):
        return ["delete", self.device(), self.place(PLACES), self.pick()]

    def sync(self):
        return ["sync", self.device(), self.place(PLACES), self.r.choice(HOW)]

    def foldersync(self):
        return ["foldersync", self.device(), self.r.choice((0, 0, 1, 2))]

    def oxadd(self):
        return ["oxadd", self.place(PIM + ["inbox"] * 8), self.number()]

    def oxset(self):
        return ["oxset", self.place(PLACES), self.pick(), self.pick(), self.number()]

    def oxdelete(self):
        return ["oxdelete", self.place(PLACES), self.pick()]

    def oxmove(self):
        a, b = self.r.choice(MOVES)
        return ["oxmove", self.any_of(a), self.pick(), self.any_of(b)]

    def folder(self):
        """Any of the operations on folders."""
        kind, lose = self.r.choice("kmm"), self.r.choice(LOSE)
        return self.r.choice((
            lambda: ["fcreate", self.device(), kind, self.pick(), self.number(), lose],
            lambda: ["fcreate", self.device(), kind, self.pick(), self.number(), lose],
            lambda: ["frename", self.device(), kind, self.pick(), self.number(), lose],
            lambda: ["fmove", self.device(), self.pick(), self.pick(), lose],
            lambda: ["fdelete", self.device(), kind, self.pick(), lose],
            lambda: ["oxfcreate", kind, self.pick(), self.number()],
            lambda: ["oxfrename", kind, self.pick(), self.number()],
            lambda: ["oxfmove", self.pick(), self.pick()],
            lambda: ["oxfdelete", kind, self.pick()]))()

    def move(self):
        a, b = self.r.choice(MOVES)
        lose = self.r.choice((*LOSE, "twin"))
        return ["move", self.device(), self.any_of(a), self.pick(), self.any_of(b), lose]

    def send(self):
        return ["send", self.device(), self.r.choice(("SendMail", "SmartReply", "SmartForward")), self.pick(), self.number(),
                self.r.choice(LOSE)]

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
            return ["killin", self.device(), self.place(PLACES), self.r.randrange(30)]
        return [kind]

    ROWS = (("add", 8), ("set", 26), ("delete", 4), ("sync", 34), ("foldersync", 4), ("oxadd", 6), ("oxset", 12), ("oxdelete", 2),
            ("oxmove", 2), ("both", 4), ("move", 3), ("filter", 1), ("send", 2), ("folder", 3))

    def one(self):
        if self.faults and self.r.random() < 0.008:
            return self.fault()
        names, weights = zip(*self.ROWS)
        return getattr(self, self.r.choices(names, weights)[0])()

    def script(self, count):
        return [self.one() for _ in range(count)]
