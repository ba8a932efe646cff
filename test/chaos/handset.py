# SPDX-License-Identifier: Apache-2.0
"""A phone of the chaos run: its folders and items, edits that wait for the next sync, and requests whose answer it never saw.

It is a plain phone: what it has is what it was told, overlaid with what its owner edited since. It repeats a request with the
same bytes, or composes a new one with the same key; it starts over when its key is refused, which is a failure of the run
unless the run itself had two answers race each other.
"""
import os
import threading
import time

from easlib.client import Device, ProtocolFault
from easlib.replica import Turn
from easlib.wbxml import AirSync, AirSyncBase

import fields
from folderer import Folderer, mark_of
from mailer import Mailer
from mover import LOST, Failure, Mover

KINDS = {"contacts": "9", "calendar": "8", "tasks": "7", "inbox": "2", "trash": "4"}
BATCH = 12      # commands of one request
PATIENCE = 5    # attempts before a request is left for later
REFUSED = ("4", "6", "9")   # of a command: not to be sent again
TRACE = os.environ.get("CHAOS_TRACE")  # end of the name of a device, such as D02: its documents are printed


class Flight:
    """A request that left, and may leave again."""

    def __init__(self, request, commands):
        self.request, self.commands = request, commands


class Command:
    """One command of a request: what it says and which registers it writes."""

    def __init__(self, kind, ident, mark, values, writes):
        self.kind, self.ident, self.mark, self.values, self.writes = kind, ident, mark, values, writes
        self.whole = {}


class Shelf:
    """One collection on the phone."""

    def __init__(self, place, cid):
        self.place, self.module, self.cid = place, fields.module_of(place), cid
        self.key, self.items, self.base, self.excused, self.started, self.filter = "0", {}, 0, False, None, None
        self.deaf = False   # answers to the last request were lost
        self.forget()

    def forget(self):
        self.dirty, self.fresh, self.gone, self.flight, self.tried, self.loose = {}, {}, {}, None, {}, []

    def clean(self):
        return not (self.dirty or self.fresh or self.gone or self.flight)

    def here(self):
        """Server ids the owner can see, in the order of the marks."""
        return sorted((s for s in self.items if s not in self.gone), key=lambda s: (self.items[s]["mark"] or "", s))

    def seen(self, sid):
        """An item as the owner sees it."""
        return {**self.items[sid], **self.dirty.get(sid, {})}


class Handset(Mover, Folderer, Mailer):
    """name: of the device; window: items per answer, None for the default."""

    def __init__(self, server, user, password, version, name, ledger, window=None):
        self.device = Device(server, user, password, version, device_id=name, timeout=60)
        self.version, self.name, self.ledger, self.window = float(version), name, ledger, window
        self.shelves, self.folder_key, self.folders = {}, "0", {}
        self.requests, self.serial, self.moves = 0, 0, []
        self.deaf = False

    # ---- the wire ---------------------------------------------------------------------------
    def twin(self):
        """The same device on a connection of its own."""
        d = self.device
        t = Device(d.server, d.user, d.password, d.version, d.device_id, d.device_type, d.agent, timeout=60)
        t.policy_key = d.policy_key
        return t

    def post(self, cmd, request, device=None):
        """One request; None when there was no answer or it says to come again."""
        self.requests += 1
        try:
            a = (device or self.device).cmd(cmd, request)
        except LOST:
            return None
        if TRACE and (TRACE == "*" or self.name.endswith(TRACE)):
            print(f"---- {self.name} {self.ledger.now}\n{request.show()}\n{a}")
        if a.status in (502, 503):
            return None
        if a.status != 200:
            raise Failure(f"{self.name}: {cmd} answered {a.status}: {a}")
        code = a.code
        if code in ("111", "132") or cmd == "Sync" and code in ("5", "16") or cmd.startswith("Folder") and code == "6":
            return None
        return a

    def patiently(self, what):
        """what() until it gives something; None when that takes too long."""
        for i in range(PATIENCE):
            got = what()
            if got is not None:
                return got
            time.sleep(0.02 * 2 ** i)
        return None

    # ---- folders ----------------------------------------------------------------------------
    def start(self):
        """True, or None: another episode's faults were in the way."""
        try:
            self.device.provision()
        except LOST:
            return None
        except ProtocolFault as e:
            if "<503" not in str(e):
                raise
            return None
        return self.foldersync() or None

    def place(self, name):
        """The place meant: k3, m7 are one of the folders that come and go; None: there is none."""
        if name[0] in "km" and name[1:].isdigit():
            return self.chosen(name[0], int(name[1:]))[0]
        return name

    def shelf(self, place):
        if place not in self.shelves:
            mark = mark_of(place + " .")
            if mark:
                cid = self.own_folders(mark[1])[mark]
            elif place == "contacts2":
                cid = next(i for i, f in self.folders.items() if f[0] == "Second")
            else:
                cid = next(i for i, f in self.folders.items() if f[2] == KINDS[place])
            self.shelves[place] = Shelf(place, cid)
        return self.shelves[place]

    # ---- the owner's edits --------------------------------------------------------------------
    def edit_add(self, place, mark, values):
        self.serial += 1
        self.shelf(place).fresh[f"{self.name[-3:]}c{self.serial}"] = {"mark": mark, **values}

    def edit_set(self, place, pick, field, n):
        s = self.shelf(place)
        here = s.here()

        def value_for(mark):
            return None if field.clear and n % 7 == 0 else fields.value(s.module, field.name, mark, n)
        if s.fresh and pick % 4 == 0:  # one whose Add is not answered yet
            mine = s.fresh[sorted(s.fresh)[pick % len(s.fresh)]]
            if field.since <= self.version:
                mine[field.name] = value_for(mine["mark"])
            return
        if not here:
            return
        sid = here[pick % len(here)]
        value = value_for(s.items[sid]["mark"])
        if field.since > self.version or s.seen(sid).get(field.name) == value:
            return
        mine = s.dirty.setdefault(sid, {})
        mine[field.name] = value
        # Back to what it was: nothing to send, unless a request with the other value may have arrived.
        if s.items[sid].get(field.name) == value and field.name not in s.tried.get(sid, ()):
            del mine[field.name]
            if not mine:
                del s.dirty[sid]

    def edit_delete(self, place, pick):
        s = self.shelf(place)
        here = s.here()
        if here:
            sid = here[pick % len(here)]
            s.gone[sid] = s.items[sid]["mark"]
            s.dirty.pop(sid, None)

    # ---- composing ----------------------------------------------------------------------------
    def command_add(self, s, cid, values):
        writes = [self.ledger.begin(values["mark"], "place", s.place, self.name, s.loose)]
        writes += [self.ledger.begin(values["mark"], f.name, values.get(f.name), self.name, s.loose)
                   for f in fields.EDITABLE[s.module] if f.since <= self.version]
        return Command("Add", cid, values["mark"], dict(values), writes), AirSync.Add(
            AirSync.Class(fields.CLASS[s.module]) if 14 <= self.version and s.module == "mail" else None,
            AirSync.ClientId(cid), fields.item_data(s.module, self.version, values))

    def command_change(self, s, sid, mine):
        mark = s.items[sid]["mark"]
        writes = [self.ledger.begin(mark, f, v, self.name, s.loose) for f, v in mine.items()]
        data = (fields.flags_data(self.version, mine) if s.module == "mail"
                else fields.item_data(s.module, self.version, s.seen(sid)))
        s.tried.setdefault(sid, set()).update(mine)
        c = Command("Change", sid, mark, dict(mine), writes)
        c.whole = {} if s.module == "mail" else s.seen(sid)
        return c, AirSync.Change(AirSync.ServerId(sid), data)

    def command_delete(self, s, sid, mark):
        places = {"inbox": ("trash",), "trash": (None,)}.get(s.place, ("trash", None) if s.module == "mail" else (None,))
        return (Command("Delete", sid, mark, None, [self.ledger.begin(mark, "place", p, self.name, s.loose) for p in places]),
                AirSync.Delete(AirSync.ServerId(sid)))

    def compose(self, s):
        if s.key == "0":
            return Flight(AirSync.Sync(AirSync.Collections(self.device.collection("0", s.cid, fields.CLASS[s.module]))), [])
        pairs = [self.command_add(s, cid, v) for cid, v in s.fresh.items()][:BATCH]
        pairs += [self.command_change(s, sid, dict(m)) for sid, m in s.dirty.items()][:BATCH]
        pairs += [self.command_delete(s, sid, mark) for sid, mark in s.gone.items()][:BATCH]
        options = AirSync.Options(
            AirSync.FilterType(s.filter) if s.filter else None,
            AirSyncBase.BodyPreference(AirSyncBase.Type("1")) if self.version >= 12 else None)
        if not s.filter and self.version < 12:
            options = None
        return Flight(AirSync.Sync(AirSync.Collections(self.device.collection(
            s.key, s.cid, fields.CLASS[s.module], deletes_as_moves="1", get_changes="1", window=self.window,
            options=options, commands=[p[1] for p in pairs]))), [p[0] for p in pairs])

    # ---- syncing ------------------------------------------------------------------------------
    def sync(self, place, how="plain", turns=4):
        """Requests of one collection until nothing more comes; True when it got that far, or the folder is gone.

        how: plain; lose1, lose3: so many answers get lost first; drop: the answer is lost and the same bytes go out with
        the next sync; recompose: the same, but the next sync composes anew; twin: the same bytes twice at once."""
        s = self.shelf(place)
        if not self.finish_moves():
            return False
        for _ in range(turns if turns else 400):
            if s.flight is None:
                s.flight, s.started = self.compose(s), self.ledger.tick()
            answer = self.exchange(s, how)
            if answer is None:
                return False
            more = self.take(s, answer)
            s.deaf = False
            if self.shelves.get(place) is not s:
                return True
            s.excused, how = how == "twin", "plain"
            if not more and s.key != "0":
                return True
        return False

    def exchange(self, s, how):
        """The answer to the flight, or None: it stays in flight."""
        request = s.flight.request
        s.deaf = how != "plain" or s.deaf
        if how in ("drop", "recompose"):
            self.post("Sync", request)
            self.device.close()
            if how == "recompose":
                self.recompose(s)
            return None
        for _ in range({"lose1": 1, "lose3": 3}.get(how, 0)):
            self.post("Sync", request)
            self.device.close()
        if how == "twin":
            return self.both(s, request)
        return self.patiently(lambda: self.post("Sync", request))

    @staticmethod
    def recompose(s):
        """The next request has the same key and whatever the owner's edits are then."""
        s.loose += [w for c in s.flight.commands for w in c.writes]
        s.flight = None

    def both(self, s, request):
        """Two equal requests at once: the phone believes the answer that came last."""
        done, spare = [], self.twin()

        def run(device):
            try:
                done.append(self.post("Sync", request, device))
            except (Failure, ProtocolFault) as e:
                done.append(e)
        threads = [threading.Thread(target=run, args=(d,)) for d in (self.device, spare)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        spare.close()
        s.excused = True
        for d in done:
            if isinstance(d, Exception):
                raise d
        return done[-1] if done[-1] is not None else self.patiently(lambda: self.post("Sync", request))

    def take(self, s, answer):
        """What the answer says. Returns whether another request should follow."""
        try:
            t = Turn(answer, s.cid)
        except ProtocolFault as e:
            raise Failure(f"{self.name}: {e}") from None
        flight = s.flight
        if t.status in ("5", "16"):
            return True
        if t.status in ("8", "12"):
            return self.lost_folder(s)
        if t.status == "3":
            # Who is told several times that a folder is gone, and asks again, is taken for a phone that does not know 12.
            if not s.excused and not (s.deaf and mark_of(s.place + " .")):
                raise Failure(f"{self.name}: key {s.key} of {s.place} refused: {answer}")
            self.deaf = s.deaf
            self.settle(s, flight, None)
            s.key, s.items = "0", {}
            s.forget()
            return True
        if t.status != "1":
            raise Failure(f"{self.name}: Sync of {s.place}: Status {t.status}: {answer}\n{flight.request}")
        first = s.key == "0"
        s.key = t.key or s.key
        self.settle(s, flight, t)
        s.flight, s.tried = None, {}
        self.receive(s, t)
        if t.more and not t.commands:
            raise Failure(f"{self.name}: MoreAvailable without progress: {answer}")
        if not t.more and not first:
            s.base = s.started
        return t.more or first

    def lost_folder(self, s):
        """The server does not have the folder any more: FolderSync tells."""
        if not mark_of(s.place + " ."):
            raise Failure(f"{self.name}: {s.place} is said to be gone")
        self.deaf = self.deaf or s.deaf
        self.foldersync()
        return False

    def settle(self, s, flight, t):
        """The fate of each command. t None: nobody knows."""
        for c in flight.commands:
            if t is None:
                status = None
            else:
                r = t.response(c.kind, **({"ClientId": c.ident} if c.kind == "Add" else {"ServerId": c.ident}))
                status = r.val("Status") if r is not None else "1" if c.kind != "Add" else None
                if c.kind == "Add" and r is None:
                    raise Failure(f"{self.name}: no answer to Add {c.ident}: {t}")
                if status == "1" and c.kind == "Add":
                    self.added(s, c, r.val("ServerId"))
                elif status == "1" or c.kind == "Delete" or status in ("7", "8"):
                    self.done(s, c, status)
                elif status in REFUSED:
                    self.give_up(s, c)
            self.account(s, c, status)
        for w in s.loose:
            self.ledger.end(w, False)
        s.loose = []

    @staticmethod
    def added(s, c, sid):
        if sid in s.items:
            raise Failure(f"own Add {c.mark} got the id {sid} of {s.items[sid]}")
        now = s.fresh.pop(c.ident)
        s.items[sid] = c.values
        later = {k: v for k, v in now.items() if c.values.get(k) != v}
        if later:
            s.dirty[sid] = later

    @staticmethod
    def done(s, c, status):
        if c.kind == "Delete":
            s.gone.pop(c.ident, None)
            s.items.pop(c.ident, None)
            return
        mine = s.dirty.get(c.ident, {})
        if status == "1" and c.ident in s.items:
            s.items[c.ident].update(c.values)
        for f, v in c.values.items():
            if f in mine and mine[f] == v:
                del mine[f]
        if not mine:
            s.dirty.pop(c.ident, None)

    @staticmethod
    def give_up(s, c):
        """The owner is told that it cannot be done."""
        if c.kind == "Add":
            s.fresh.pop(c.ident, None)
            return
        mine = s.dirty.get(c.ident, {})
        for f, v in c.values.items():
            if mine.get(f) == v:
                del mine[f]
        if not mine:
            s.dirty.pop(c.ident, None)

    def account(self, s, c, status):
        """Into the ledger: sure, or perhaps."""
        sure = status == "1"
        if sure and c.kind == "Delete":
            sure = not self.ledger.touched(c.mark, s.base, self.name)
        moved = self.ledger.others(c.mark, "place", s.base, self.name)
        if c.kind == "Change" and moved:
            self.ledger.end(self.ledger.begin(c.mark, "place", s.place, self.name), False)
            # An item that was deleted is made again out of what the phone had.
            for f in fields.EDITABLE[s.module]:
                if f.name in c.whole:
                    self.ledger.end(self.ledger.begin(c.mark, f.name, c.whole[f.name], self.name), False)
            sure = sure and s.module != "mail"
        for w in c.writes:
            self.ledger.end(w, sure)

    def receive(self, s, t):
        """The server's commands."""
        for e in t.commands:
            sid, data = e.val("ServerId"), e.get("ApplicationData")
            if e.tag == "Add":
                if sid in s.items:
                    raise Failure(f"{self.name}: Add of {sid} in {s.place} which the phone has: {t}")
                s.items[sid] = fields.read_item(s.module, self.version, data)
            elif e.tag == "Change":
                if sid not in s.items:
                    raise Failure(f"{self.name}: Change of {sid} in {s.place} which the phone does not have: {t}")
                s.items[sid] = fields.read_item(s.module, self.version, data, s.items[sid])
            elif s.items.pop(sid, None) is None:
                raise Failure(f"{self.name}: {e.tag} of {sid} in {s.place} which the phone does not have: {t}")
            else:
                s.dirty.pop(sid, None)
                s.gone.pop(sid, None)
