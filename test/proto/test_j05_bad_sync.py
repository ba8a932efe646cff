# SPDX-License-Identifier: Apache-2.0
"""Bad input to Sync, GetItemEstimate and the folder commands: each gets its Status and leaves everything as it was."""
import itertools

import pytest

from easlib.client import unique
from easlib.items import contact
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A, AirSyncBase as B, Contacts as C, GetItemEstimate as G


class Ground:
    """Two phones of one user and one of another, with contacts and tasks that must not move."""

    def __init__(self, phone, user, other_user, version):
        self.user, self.version = user, version
        user.new("contacts", last_name="Fest", display_name="Fest")
        other_user.new("contacts", last_name="Fremd", display_name="Fremd")
        self.r, self.second = phone(version, user=user), phone(version, user=user)
        self.foreign = phone(version, user=other_user)
        self.cid, self.tasks, self.mails = self.r.folder(9), self.r.folder(7), self.r.folder(2)
        self.old = None
        for r in (self.r, self.second, self.foreign):
            r.sync(r.folder(9))
        self.old = self.key
        for n in "AB":
            self.r.add(self.cid, contact(version, "x", n))
        self.r.sync(self.tasks)
        self.r.sync(self.mails)
        self.d, self.v = self.r.device, float(version)
        self.before = self.state()

    @property
    def key(self):
        return self.r.collections[self.cid].key

    @property
    def sid(self):
        return next(iter(self.r.collections[self.cid].items))

    def state(self):
        return sorted((o["last_name"], o.get("first_name")) for o in self.user.objects("contacts"))

    def data(self, name="Neu"):
        return A.ApplicationData(*contact(self.version, "x", name))

    def coll(self, key=None, cid=None, cls="Contacts", **kw):
        return self.d.collection(self.key if key is None else key, cid or self.cid, cls, **kw)

    def raw(self, *children):
        """A Collection as it stands."""
        return self.d.cmd("Sync", A.Sync(A.Collections(A.Collection(*children))))

    def head(self):
        return [A.Class("Contacts") if self.v < 12.1 else None, A.SyncKey(self.key), A.CollectionId(self.cid)]

    def unmoved(self):
        """The next normal requests find nothing new, under the same keys."""
        for cid in (self.cid, self.tasks, self.mails):
            key = self.r.collections[cid].key
            t = self.r.turn(cid)
            if t.status != "1" or t.commands or t.responses or self.r.collections[cid].key != key:
                return f"folder {cid} has moved: {t}"
        a = self.r.foldersync()
        return None if a.doc.val("Changes/Count") == "0" and self.state() == self.before else "OX or folders have moved"


def keys(g):
    """Keys that are none."""
    good = g.key
    head, _, tail = good.rpartition(".")
    yield "stale", g.old
    yield "of the other phone", g.second.collections[g.second.folder(9)].key
    yield "of another user", g.foreign.collections[g.foreign.folder(9)].key
    yield "of another folder", g.r.collections[g.tasks].key
    yield "of the hierarchy", g.r.folder_key
    yield "of 64 characters", "9" * 64
    yield "rubbish", "äöü%s%n'\"; --"
    for forged in (good + "0", "0" + good, good[:-1], good.upper() + "X", " " + good, "-" + good, good + "\t"):
        yield f"forged {forged!r}", forged
    if head and tail.isdigit():
        for n in (int(tail) + 1, 0, -1, 2 ** 31, 2 ** 63, 2 ** 64):
            yield f"generation {n}", f"{head}.{n}"


def sync_rows(g):
    """(name, answer, wanted Status): of the folder when it is a digit after "f", else of the request."""
    d, add = g.d, A.Add(A.ClientId("n"), g.data())
    for name, key in keys(g):
        yield f"key {name}", d.sync(g.coll(key, get_changes="1", commands=[add])), "f3"
    yield "key of 65 characters", d.sync(g.coll("9" * 65, get_changes="1", commands=[add])), "4"
    yield "key of a megabyte", d.sync(g.coll("9" * 1000000, get_changes="1")), "4"
    yield "key is empty", d.sync(g.coll("", get_changes="1", commands=[add])), "f3"
    yield "id of 65 characters", d.sync(g.coll(cid="9" * 65, commands=[add])), "4"
    yield "id of another user's folder number", d.sync(g.coll(cid="99999", commands=[add])), "f3"
    yield "collection twice", d.sync(g.coll(commands=[add]), g.coll()), "4"
    yield "collection twice, one with key 0", d.sync(g.coll("0"), g.coll(commands=[add])), "4"
    yield "good beside malformed", d.sync(g.coll(commands=[add]), g.coll(g.r.collections[g.tasks].key, g.tasks, "Tasks",
                                                                        window="x")), "4"
    many = [g.coll("0", f"f{i}") for i in range(1000)]
    yield "1001 collections", d.sync(g.coll(commands=[add]), *many), "15" if g.v >= 12.1 else "4"
    adds = [A.Add(A.ClientId(f"n{i}"), g.data(f"N{i}")) for i in range(10000)]
    yield "10000 commands", d.sync(g.coll(commands=adds)), "4"
    yield "201 commands", d.sync(g.coll(commands=adds[:201])), "4"
    yield "201 commands in two folders", d.sync(g.coll(commands=adds[:101]), g.coll(
        g.r.collections[g.tasks].key, g.tasks, "Tasks", commands=[A.Delete(A.ServerId(f"{g.tasks}:{i}"))
                                                                 for i in range(100)])), "4"
    yield "client id twice", d.sync(g.coll(commands=[add, A.Add(A.ClientId("n"), g.data("Anders"))])), "4"
    yield "client id of 65", d.sync(g.coll(commands=[A.Add(A.ClientId("n" * 65), g.data())])), "4"
    yield "commands with key 0", d.sync(g.coll("0", commands=[add])), "4"
    good = [A.Delete(A.ServerId(g.sid))]
    for name, bad in (("Add without data", A.Add(A.ClientId("n"))), ("Add without id", A.Add(g.data())),
                      ("Change without id", A.Change(g.data())), ("Change without data", A.Change(A.ServerId(g.sid))),
                      ("Delete without id", A.Delete()), ("Fetch without id", A.Fetch()),
                      ("SoftDelete", A.SoftDelete(A.ServerId(g.sid))), ("Responses", A.Responses())):
        yield f"a good Delete beside {name}", d.sync(g.coll(commands=[*good, bad])), "4"
    delete = A.Commands(*good)
    for name, parts in (
            ("GetChanges twice", [A.GetChanges("1"), A.GetChanges("0")]), ("GetChanges 2", [A.GetChanges("2")]),
            ("DeletesAsMoves 2", [A.DeletesAsMoves("2")]), ("WindowSize -1", [A.WindowSize("-1")]),
            ("WindowSize twice", [A.WindowSize("1"), A.WindowSize("2")]),
            ("two Options", [A.Options(A.FilterType("0")), A.Options(A.FilterType("0"))]),
            ("Options of another class", [A.Options(A.Class("Calendar"))]),
            ("Options for SMS", [A.Options(A.Class("SMS"))]),
            ("FilterType twice", [A.Options(A.FilterType("0"), A.FilterType("1"))]),
            ("Conflict twice", [A.Options(A.Conflict("0"), A.Conflict("1"))]),
            ("FilterType 9", [A.Options(A.FilterType("9"))]), ("FilterType -1", [A.Options(A.FilterType("-1"))]),
            ("Conflict 7", [A.Options(A.Conflict("7"))]), ("MIMESupport 3", [A.Options(A.MIMESupport("3"))]),
            ("MIMETruncation 9", [A.Options(A.MIMETruncation("9"))]),
            ("an element of answers", [A.MoreAvailable()]), ("an element of the request", [A.Collections()])):
        if g.v >= 12.1 or "twice" not in name or "Options" in str(parts):
            yield name, g.raw(*g.head(), *parts, delete), "4"
    if g.v >= 14:
        for value in ("1", "x"):
            yield f"ConversationMode {value}", g.raw(*g.head(), A.ConversationMode(value), delete), "4"
        yield "ConversationMode x on mail", g.raw(A.SyncKey(g.r.collections[g.mails].key), A.CollectionId(g.mails),
                                                  A.ConversationMode("x")), "4"
        yield "MaxItems", g.raw(*g.head(), A.Options(A.MaxItems("5")), delete), "4"
        yield "Wait and HeartbeatInterval", d.sync(g.coll(commands=good), wait="5", heartbeat="300"), "4"
    if g.v >= 12.1:
        yield "Wait 0", d.sync(g.coll(commands=good), wait="0"), "14"
        yield "Wait of rubbish", d.sync(g.coll(commands=good), wait="x"), "4"
        yield "Partial alone", d.cmd("Sync", A.Sync(A.Partial())), "4"
    if g.v >= 12:
        yield "BodyPreference twice", g.raw(*g.head(), A.Options(B.BodyPreference(B.Type("1")),
                                                                 B.BodyPreference(B.Type("1"))), delete), "4"
    yield "Collections twice", d.cmd("Sync", A.Sync(A.Collections(g.coll(commands=good)), A.Collections())), "4"
    yield "no Collections", d.cmd("Sync", A.Sync(A.WindowSize("5"))), "4"
    yield "Collections empty", d.cmd("Sync", A.Sync(A.Collections())), "4"
    yield "no Collection in Collections", d.cmd("Sync", A.Sync(A.Collections(A.Commands()))), "4"
    yield "Collection in Sync", d.cmd("Sync", A.Sync(g.coll(commands=good))), "4"
    yield "Collection empty", g.raw(), "4"


@every()
def test_sync(phone, user, other_user, version):
    """One table of mistakes; after each the phone goes on as if nothing had been."""
    g = Ground(phone, user, other_user, version)
    wrong = []
    for name, a, want in sync_rows(g):
        if a.status != 200 or a.doc is None:
            got = f"HTTP {a.status}"
        elif a.code:
            got = a.code
        else:
            (c,) = a.doc.all("Collections/Collection")
            got = "f" + c.val("Status") if "Commands" not in c and "Responses" not in c else "commands"
        moved = g.unmoved()
        if got != want or moved:
            wrong.append((name, got, want, moved))
    assert not wrong


@every()
def test_items(phone, user, other_user, version):
    """Bad commands among good ones: each has its own Status, the good ones are done, and a repeat changes nothing."""
    g = Ground(phone, user, other_user, version)
    foreign = next(iter(g.foreign.collections[g.foreign.folder(9)].items))
    odd = [f"{g.cid}:99999999", f"{g.tasks}:1", "99999:1", "x", ":", f"{g.cid}:", "9" * 64, "9" * 3000,
           f"{g.cid}:../../x", f"{g.cid}:%00", f"{g.cid}:1,2"]
    if foreign not in g.r.collections[g.cid].items:
        odd.append(foreign)
    commands = [A.Change(A.ServerId(s), g.data()) for s in odd] + [A.Fetch(A.ServerId(s)) for s in odd]
    commands += [A.Delete(A.ServerId(s)) for s in odd]
    commands += [A.Add(A.ClientId("rubbish"), A.ApplicationData(C.Birthday("rubbish"), C.LastName("X"))),
                 A.Add(A.ClientId("good"), g.data("Gut"))]
    lost = Turn(g.d.sync(g.r.request(g.r.collections[g.cid], commands)), g.cid)
    for t in (lost, g.r.turn(g.cid, commands)):
        assert t.status == "1", t
        for s in odd:
            assert t.response("Change", ServerId=s).val("Status") == "8", s
            assert t.response("Fetch", ServerId=s).val("Status") == "8", s
            gone = t.response("Delete", ServerId=s)
            assert gone is None or gone.val("Status") == "8", s
        assert t.response("Add", ClientId="rubbish").val("Status") == "6"
        assert t.response("Add", ClientId="good").val("Status") == "1"
    assert sorted(set(g.state()) - set(g.before)) == [("Gut", "x")] and len(g.state()) == len(g.before) + 1
    assert not g.r.turn(g.cid).commands


def estimate_rows(g):
    d = g.d
    for name, key in keys(g):
        yield f"key {name}", d.getitemestimate((g.cid, key, "Contacts", None)), "r4"
    yield "no such folder", d.getitemestimate(("99999", g.key, "Contacts", None)), "r2"
    yield "1001 collections", d.getitemestimate(*[(g.cid, g.key, "Contacts", None)] * 1001), "103"
    yield "no collection", d.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections())), "103"
    yield "Collections twice", d.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(), G.Collections())), "103"
    yield "something else", d.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(G.Class("Email")))), "103"


@every()
def test_estimates(phone, user, other_user, version):
    g = Ground(phone, user, other_user, version)
    wrong = []
    for name, a, want in estimate_rows(g):
        if a.status != 200:
            got = {400: "103"}.get(a.status, f"HTTP {a.status}")
        else:
            got = a.code or "r" + a.doc.val("Response/Status")
        moved = g.unmoved()
        if got != want or moved:
            wrong.append((name, got, want, moved))
    assert not wrong


def folder_rows(g):
    d, good = g.d, g.r.folder_key
    bad = [(n, k) for n, k in keys(g) if "of the hierarchy" not in n and "forged" not in n and "generation" not in n]
    head, _, tail = good.rpartition(".")
    bad += [("forged", good + "0"), ("future", f"{head}.{int(tail) + 1}"), ("key 0", "0"), ("empty", ""),
            ("of 65", "9" * 65)]
    for name, key in bad:
        yield f"create, key {name}", d.folder_create(key, "0", unique("F"), "12"), "9"
        yield f"update, key {name}", d.folder_update(key, g.tasks, "0", unique("F")), "9"
        yield f"delete, key {name}", d.folder_delete(key, g.tasks), "9"
        if name != "key 0":
            yield f"sync, key {name}", d.foldersync(key), "9"
    for name, sid in (("number of nobody", "99999"), ("path", "../x"), ("of 65", "9" * 65), ("negative", "-1"),
                      ("item", g.sid), ("overflow", str(2 ** 64 + int(g.tasks)))):
        yield f"update {name}", d.folder_update(good, sid, "0", "F"), "10" if name == "of 65" else "4"
        yield f"delete {name}", d.folder_delete(good, sid), "10" if name == "of 65" else "4"
        yield f"create below {name}", d.folder_create(good, sid, "F", "12"), "10" if name == "of 65" else "5"
    yield "name of 257", d.folder_create(good, "0", "ä" * 257, "12"), "10"
    yield "name empty", d.folder_create(good, "0", "", "12"), "10"
    for kind in ("0", "-1", "20", "99", "18", "1.0", ""):
        yield f"type {kind}", d.folder_create(good, "0", "F", kind), "10"


@every()
def test_folders(phone, user, other_user, version):
    g = Ground(phone, user, other_user, version)
    wrong = []
    for name, a, want in folder_rows(g):
        got = a.code if a.status == 200 else f"HTTP {a.status}"
        if got != want or "SyncKey" in a.doc:
            wrong.append((name, got, want))
    moved = g.unmoved()
    assert not wrong and not moved, (wrong, moved)


@pytest.mark.parametrize("version", ["2.5", "16.1"])
def test_all_orders_of_a_collection(phone, user, version):
    """Six elements in each of their orders: only one is right from 12.1 on, all are before; never a fault."""
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    key = r.collections[cid].key
    parts = [A.SyncKey(key), A.CollectionId(cid), A.DeletesAsMoves("1"), A.GetChanges("1"), A.WindowSize("5")]
    for order in itertools.permutations(range(5)):
        children = ([A.Class("Contacts")] if float(version) < 14 else []) + [parts[i] for i in order]
        a = r.device.cmd("Sync", A.Sync(A.Collections(A.Collection(*children))))
        good = order == (0, 1, 2, 3, 4) or float(version) < 12.1
        assert a.status == 200 and (a.code is None if good else a.code == "4"), (order, a)
    assert r.collections[cid].key == key and not r.turn(cid).commands
