# SPDX-License-Identifier: Apache-2.0
"""Every status that a command has for itself, in every version that has it.

Generated from the rows of mod_eas/tbl/cmdstatus.h and, for the common ones, mod_eas/tbl/status.h. A row that nothing
here provokes fails."""
import os
import re

import pytest

from easlib.client import WBXML, versions
from easlib.items import contact, mime
from easlib.site import TOP
from easlib.wbxml import (AirSync as A, AirSyncBase as B, DocumentLibrary as L, FolderHierarchy as F,
                          GetItemEstimate as G, Move as M, Ping as P, Search as S)

import test_f13_search as mailbox
import test_l01_directory as directory


def table(name, pattern):
    with open(os.path.join(TOP, "mod_eas", "tbl", name), encoding="utf-8") as f:
        return re.findall(pattern, f.read())


OWN = [(c, int(code), n, versions(str(int(first) / 10), str(int(last) / 10)))
       for c, n, code, first, last in table("cmdstatus.h", r"EAS_CMD_STATUS\((\w+), \w+, (\w+), (\d+), (\d+), (\d+), ")]
COMMON = {int(code): (name, int(first), int(http))
          for code, name, first, http in table("status.h", r"EAS_STATUS\((\d+), (\w+), (\d+), (\d+), ")}


class Case:
    """One phone with an open contact folder, and what stands around it."""

    def __init__(self, phone, user, site, log, version):
        self.phone, self.user, self.site, self.log, self.version = phone, user, site, log, version
        self.r = phone(version, user=user)
        self.d, self.cid = self.r.device, self.r.folder(9)
        self.r.sync(self.cid)

    @property
    def key(self):
        return self.r.collections[self.cid].key

    def contact(self, last="B"):
        return A.ApplicationData(*contact(self.version, "A", last))

    def fault(self, module, action, category, **more):
        """The next calls of that kind fail."""
        self.site.ox.control("fault", user=self.user.name, module=module, action=action, kind="error",
                             category=category, count=-1, **more)

    def folder(self, name):
        a = self.d.folder_create(self.r.folder_key, "0", name, "12")
        assert a.code == "1", a
        self.r.folder_key = a.doc.val("SyncKey")
        self.r.folders[a.doc.val("ServerId")] = {"ParentId": "0", "DisplayName": name, "Type": "12"}
        return a.doc.val("ServerId")


# ---- Sync: each returns the Status that was found, from the place where it belongs ------------------

def top(a):
    """The Status of the whole document."""
    assert a.status == 200 and a.doc is not None and "Collections" not in a.doc, a
    return a.code


def limited(a):
    assert int(a.doc.val("Limit")) > 0, a
    return top(a)


def of_folder(a, cid):
    """The Status of the one collection."""
    assert a.status == 200 and a.code is None, a
    (c,) = a.doc.all("Collections/Collection")
    assert c.val("CollectionId") == cid and "Commands" not in c, a
    return c.val("Status")


def sync_ok(x):
    return of_folder(x.d.sync(x.d.collection("0", x.cid, "Contacts")), x.cid)


def sync_stale_key(x):
    return of_folder(x.d.sync(x.d.collection(x.key + "7", x.cid, "Contacts")), x.cid)


def sync_protocol(x):
    return top(x.d.sync(x.d.collection("0", x.cid, "Contacts", get_changes="1")))


def sync_server(x):
    x.fault("contacts", "updates", "TRY_AGAIN" if x.d.v < 14 else "USER_INPUT")
    x.log.allow("EAS00041")
    return of_folder(x.d.sync(x.r.request(x.r.collections[x.cid])), x.cid)


def sync_conversion(x):
    x.fault("contacts", "new", "USER_INPUT")
    t = x.r.turn(x.cid, [A.Add(A.ClientId("n"), x.contact())])
    return t.response("Add", ClientId="n").val("Status")


def sync_conflict(x):
    oid = x.user.new("contacts", first_name="F", last_name="L", display_name="L")
    x.r.sync(x.cid)
    (sid,) = x.r.collections[x.cid].items
    x.user.update("contacts", oid, first_name="Server")
    t = x.r.change(x.cid, sid, contact(x.version, "Phone", "L"))
    assert t.of("Change")[sid].val("FirstName") == "Server", "the version that was kept follows"
    return t.response("Change", ServerId=sid).val("Status")


def sync_not_found(x):
    t = x.r.turn(x.cid, [A.Fetch(A.ServerId(f"{x.cid}:99999"))])
    return t.response("Fetch", ServerId=f"{x.cid}:99999").val("Status")


def sync_full(x):
    x.fault("contacts", "new", "CAPACITY")
    t = x.r.turn(x.cid, [A.Add(A.ClientId("n"), x.contact())])
    return t.response("Add", ClientId="n").val("Status")


def sync_hierarchy(x):
    return of_folder(x.d.sync(x.d.collection("0", "4711", "Contacts")), "4711")


def sync_incomplete(x):
    return top(x.phone(x.version, user=x.user).device.sync())


def sync_range(x):
    return limited(x.d.sync(x.r.request(x.r.collections[x.cid]), wait="60"))


def sync_too_many(x):
    return limited(x.d.sync(*[x.d.collection("0", f"f{i}", "Contacts") for i in range(301)]))


def sync_retry(x):
    x.fault("contacts", "updates", "TRY_AGAIN")
    return of_folder(x.d.sync(x.r.request(x.r.collections[x.cid])), x.cid)


# ---- hierarchy ------------------------------------------------------------------------------------

def alone(a):
    """A refusal of a folder command gives nothing but its Status; success gives a key."""
    assert a.status == 200 and ("SyncKey" in a.doc) == (a.code == "1"), a
    return a.code


def foldersync_server(x):
    x.fault("folders", "allVisible", "TRY_AGAIN")
    x.fault("folders", "root", "TRY_AGAIN")
    return alone(x.d.foldersync(x.r.folder_key))


def server(module, action, call):
    def provoke(x):
        sid = x.folder("Mine")
        x.fault(module, action, "TRY_AGAIN")
        return alone(call(x, sid))
    return provoke


def update(x, parent="0", name="New"):
    """Answer to a change of a folder of the phone's own."""
    sid = x.folder("Mine")
    return x.d.folder_update(x.r.folder_key, sid, parent, name)


def delete(x):
    sid = x.folder("Mine")
    return x.d.folder_delete(x.r.folder_key, sid)


def taken(x):
    x.folder("Exists")
    return alone(x.d.folder_create(x.r.folder_key, "0", "Exists", "12"))


def renamed_to_taken(x):
    x.folder("Exists")
    return alone(update(x, name="Exists"))


def estimate(a):
    (r,) = a.doc.all("Response")
    assert a.code is None, a
    return r.val("Status")


# ---- moving, waiting, searching -----------------------------------------------------------------------

def move(x, *targets, item=None):
    """Move one contact."""
    if item is None:
        x.user.new("contacts", first_name="F", last_name="L", display_name="L")
        x.r.sync(x.cid)
        (item,) = x.r.collections[x.cid].items
    a = x.d.cmd("MoveItems", M.MoveItems(M.Move(M.SrcMsgId(item), M.SrcFldId(x.cid),
                                                *[M.DstFldId(t) for t in targets])))
    (r,) = a.doc.all("Response")
    if r.val("Status") == "3":
        del x.r.collections[x.cid].items[item]
    return r.val("Status")


def contact_folder(x):
    a = x.d.folder_create(x.r.folder_key, x.cid, "Other", "14")
    assert a.code == "1", a
    x.r.folder_key, sid = a.doc.val("SyncKey"), a.doc.val("ServerId")
    x.r.folders[sid] = {"ParentId": x.cid, "DisplayName": "Other", "Type": "14"}
    return sid


def move_locked(x):
    target = contact_folder(x)
    x.fault("contacts", "update", "TRY_AGAIN")
    x.fault("multiple", "multiple", "TRY_AGAIN")
    return move(x, target)


def ping(x, *ids, interval="1"):
    return top(x.d.ping([(i, "Contacts") for i in ids] or None, interval))


def ping_changes(x):
    x.user.new("contacts", first_name="F", last_name="L", display_name="L")
    return ping(x, x.cid)


def search_fault(category):
    def provoke(x):
        x.fault("contacts", "search", category)
        a = x.d.cmd("Search", S.Search(S.Store(S.Name("GAL"), S.Query("Zita"))))
        return a.doc.val("Response/Store/Status") or a.code
    return provoke


def documents(x):
    a = x.d.cmd("Search", S.Search(S.Store(S.Name("DocumentLibrary"), S.Query(S.EqualTo(
        L.LinkId(), S.Value("\\\\server\\share"))))))
    return a.doc.val("Response/Store/Status")


PROVOKE = {
    ("MoveItems", 1): lambda x: move(x, contact_folder(x), item=x.cid + ":99999"),
    ("MoveItems", 2): lambda x: move(x, "4711"),
    ("MoveItems", 3): lambda x: move(x, contact_folder(x)),
    ("MoveItems", 4): lambda x: move(x, x.cid),
    ("MoveItems", 5): lambda x: move(x, contact_folder(x), x.cid),
    ("MoveItems", 7): move_locked,
    ("Ping", 1): lambda x: ping(x, x.cid),
    ("Ping", 2): ping_changes,
    ("Ping", 3): lambda x: ping(x),
    ("Ping", 4): lambda x: ping(x, x.cid, interval="soon"),
    ("Ping", 5): lambda x: ping(x, x.cid, interval="99999"),
    ("Ping", 6): lambda x: ping(x, *[f"f{i}" for i in range(301)]),
    ("Ping", 7): lambda x: ping(x, "4711"),
    ("Search", 1): lambda x: directory.search(x.d, "Zita").val("Status"),
    ("Search", 2): lambda x: directory.search(x.d, " ").val("Status"),
    ("Search", 3): search_fault("TRY_AGAIN"),
    ("Search", 5): search_fault("PERMISSION_DENIED"),
    ("Search", 6): documents,
    ("Search", 8): lambda x: x.d.cmd("Search", S.Search(S.Store(S.Name("Mailbox"), S.Query(
        S.FreeText("x"))))).doc.val("Response/Store/Status"),
    ("Search", 11): lambda x: mailbox.search(x.d, S.FreeText("x"), A.CollectionId("4711")).val("Status"),
    ("Search", 12): lambda x: directory.search(x.d, "Zita", 0, 1000).val("Status"),
    ("Find", 1): lambda x: mailbox.find(x.d, "x", 0, 1).doc.val("Response/Status"),
    ("Find", 2): lambda x: mailbox.find(x.d, "x", 3, 1).code,
    ("Find", 3): lambda x: mailbox.find(x.d, "x", cid="4711").code,
    ("Find", 4): lambda x: mailbox.find(x.d, "x", 2, 3).code,
    ("Sync", 1): sync_ok, ("Sync", 3): sync_stale_key, ("Sync", 4): sync_protocol, ("Sync", 5): sync_server,
    ("Sync", 6): sync_conversion, ("Sync", 7): sync_conflict, ("Sync", 8): sync_not_found, ("Sync", 9): sync_full,
    ("Sync", 12): sync_hierarchy, ("Sync", 13): sync_incomplete, ("Sync", 14): sync_range, ("Sync", 15): sync_too_many,
    ("Sync", 16): sync_retry,
    ("FolderSync", 1): lambda x: alone(x.d.foldersync()),
    ("FolderSync", 6): foldersync_server,
    ("FolderSync", 9): lambda x: alone(x.d.foldersync(x.r.folder_key + "7")),
    ("FolderSync", 10): lambda x: alone(x.d.cmd("FolderSync", F.FolderSync())),
    ("FolderCreate", 1): lambda x: alone(x.d.folder_create(x.r.folder_key, "0", "New", "12")),
    ("FolderCreate", 2): taken,
    ("FolderCreate", 3): lambda x: alone(x.d.folder_create(x.r.folder_key, "RI", "New", "12")),
    ("FolderCreate", 5): lambda x: alone(x.d.folder_create(x.r.folder_key, "4711", "New", "12")),
    ("FolderCreate", 6): server("folders", "new", lambda x, sid: x.d.folder_create(x.r.folder_key, "0", "New", "12")),
    ("FolderCreate", 9): lambda x: alone(x.d.folder_create("77", "0", "New", "12")),
    ("FolderCreate", 10): lambda x: alone(x.d.folder_create(x.r.folder_key, "0", "New", "2")),
    ("FolderUpdate", 1): lambda x: alone(update(x)),
    ("FolderUpdate", 2): renamed_to_taken,
    ("FolderUpdate", 3): lambda x: alone(x.d.folder_update(x.r.folder_key, "RI", "0", "New")),
    ("FolderUpdate", 4): lambda x: alone(x.d.folder_update(x.r.folder_key, "4711", "0", "New")),
    ("FolderUpdate", 5): lambda x: alone(update(x, parent="4711")),
    ("FolderUpdate", 6): server("folders", "update",
                                lambda x, sid: x.d.folder_update(x.r.folder_key, sid, "0", "New")),
    ("FolderUpdate", 9): lambda x: alone(x.d.folder_update("77", x.folder("Mine"), "0", "New")),
    ("FolderUpdate", 10): lambda x: alone(x.d.cmd("FolderUpdate", F.FolderUpdate(F.SyncKey(x.r.folder_key)))),
    ("FolderDelete", 1): lambda x: alone(delete(x)),
    ("FolderDelete", 3): lambda x: alone(x.d.folder_delete(x.r.folder_key, x.r.folder(2))),
    ("FolderDelete", 4): lambda x: alone(x.d.folder_delete(x.r.folder_key, "4711")),
    ("FolderDelete", 6): server("folders", "delete", lambda x, sid: x.d.folder_delete(x.r.folder_key, sid)),
    ("FolderDelete", 9): lambda x: alone(x.d.folder_delete("77", x.folder("Mine"))),
    ("FolderDelete", 10): lambda x: alone(x.d.cmd("FolderDelete", F.FolderDelete(F.SyncKey(x.r.folder_key)))),
    ("GetItemEstimate", 1): lambda x: estimate(x.d.getitemestimate((x.cid, x.key, "Contacts", None))),
    ("GetItemEstimate", 2): lambda x: estimate(x.d.getitemestimate(("4711", x.key, "Contacts", None))),
    ("GetItemEstimate", 3): lambda x: estimate(x.d.getitemestimate((x.r.folder(7), "1", "Tasks", None))),
    ("GetItemEstimate", 4): lambda x: estimate(x.d.getitemestimate((x.cid, x.key + "7", "Contacts", None))),
}


@pytest.mark.parametrize("command,code,version", [(c, code, v) for c, code, _, vs in OWN for v in vs])
def test_each_status(phone, user, site, log, command, code, version):
    """The status comes as the table says, and the next good request is answered as if nothing had been."""
    x = Case(phone, user, site, log, version)
    try:
        assert PROVOKE[command, code](x) == str(code)
    finally:
        site.ox.control("fault/clear")
    if (command, code) not in (("Sync", 1), ("FolderSync", 1)):
        x.r.sync(x.cid)
    if code != 1:
        x.r.foldersync()


def test_nothing_is_provoked_that_the_table_does_not_have():
    assert sorted(PROVOKE) == sorted((c, code) for c, code, _, _ in OWN)


# ---- common statuses that these commands can answer ---------------------------------------------------

COMMANDS = ("Sync", "FolderSync", "FolderCreate", "FolderUpdate", "FolderDelete", "GetItemEstimate")


def good(x, command):
    """A document the command would take."""
    return {"Sync": A.Sync(A.Collections(x.d.collection("0", x.cid, "Contacts"))),
            "FolderSync": F.FolderSync(F.SyncKey(x.r.folder_key)),
            "FolderCreate": F.FolderCreate(F.SyncKey(x.r.folder_key), F.ParentId("0"), F.DisplayName("N"), F.Type("12")),
            "FolderUpdate": F.FolderUpdate(F.SyncKey(x.r.folder_key), F.ServerId("4711"), F.ParentId("0"),
                                           F.DisplayName("N")),
            "FolderDelete": F.FolderDelete(F.SyncKey(x.r.folder_key), F.ServerId("4711")),
            "GetItemEstimate": G.GetItemEstimate(G.Collections(G.Collection(
                A.SyncKey(x.key), G.CollectionId(x.cid))))}[command]


def without(x, command, name):
    """The command without a parameter of its query."""
    q = x.d.target(command)
    x.d.query = "plain"
    return x.d.http("POST", re.sub(rf"&{name}=[^&]*", "", q), {**x.d.headers(command), "Content-Type": WBXML}, b"")


def unprovisioned(x, command):
    x.d.device_id += "X"
    x.d.policy_key = "0"
    return x.d.cmd(command, good(x, command))


def wrong_policy_key(x, command):
    x.d.policy_key = str(int(x.d.policy_key) ^ 1)
    return x.d.cmd(command, good(x, command))


def disabled(x, command):
    x.site.ox.control("user", user=x.user.name, caps={"active_sync": False, "usm": False})
    x.d.password += " "
    x.site.ox.control("user", user=x.user.name, password=x.d.password)
    x.log.allow_refusals()
    return x.d.cmd(command, good(x, command))


GENERAL = {
    101: lambda x, c: x.d.cmd(c, good(x, c), kind="text/plain"),
    102: lambda x, c: x.d.cmd(c, b"\x03\x01\x6a\x00\x02"),
    103: lambda x, c: x.d.cmd(c, P.Ping(P.HeartbeatInterval("60"))),
    108: lambda x, c: without(x, c, "DeviceId"),
    109: lambda x, c: without(x, c, "DeviceType"),
    126: disabled,
    142: unprovisioned,
    144: wrong_policy_key,
}


@pytest.mark.parametrize("version", ["2.5", "12.1", "14.0", "16.1"])
@pytest.mark.parametrize("code", sorted(GENERAL))
@pytest.mark.parametrize("command", COMMANDS)
def test_common_statuses(phone, user, site, log, command, code, version):
    """The request as such is bad: one Status for the command from 14.0 on, an HTTP status before; nothing has moved."""
    name, first, http = COMMON[code]
    x = Case(phone, user, site, log, version)
    x.d.query = "plain"
    before = (x.d.device_id, x.d.policy_key)
    a = GENERAL[code](x, command)
    if x.d.v * 10 >= first:
        assert (a.status, a.code) == (200, str(code)) and len(list(a.doc)) == 1, (name, a)
    else:
        assert a.status == http, (name, a)
    if code != 126:
        x.d.device_id, x.d.policy_key = before
        assert not x.r.sync(x.cid)[-1].commands and x.r.foldersync().doc.val("Changes/Count") == "0"


@pytest.mark.parametrize("version", versions("12.0"))
def test_body_part_preference(phone, user, site, log, version):
    """164 is of 14.1; before, the element itself does not exist."""
    x = Case(phone, user, site, log, version)
    cid = x.r.folder(2)
    x.r.sync(cid)
    options = A.Options(B.BodyPartPreference(B.Type("1")))
    a = x.d.sync(x.d.collection(x.r.collections[cid].key, cid, "Email", options=options))
    assert a.status == 400 if x.d.v < 14 else a.code == ("103" if x.d.v < 14.1 else "164"), a
    assert x.r.turn(cid).status == "1"


@pytest.mark.parametrize("version", versions())
@pytest.mark.parametrize("filt,code,http", [("3", 110, 500), ("9", 103, 400), ("x", 103, 400)])
def test_estimate_with_a_wrong_filter(phone, user, site, log, version, filt, code, http):
    x = Case(phone, user, site, log, version)
    cid = x.r.folder(7)
    x.r.sync(cid)
    a = x.d.getitemestimate((cid, x.r.collections[cid].key, "Tasks", filt))
    assert (a.status == http) if x.d.v < 14 else (a.code == str(code)), a


@pytest.mark.parametrize("version", versions())
def test_more_than_1000_collections_to_estimate(phone, user, site, log, version):
    x = Case(phone, user, site, log, version)
    rows = [(x.cid, x.key, "Contacts", None)] * 1001
    a = x.d.getitemestimate(*rows)
    assert a.status == 400 if x.d.v < 14 else a.code == "103", a
    assert len(x.d.getitemestimate(*rows[:1000]).doc.all("Response")) == 1000


@pytest.mark.parametrize("version", versions("14.0"))
def test_options_of_an_estimate(phone, user, site, log, version):
    """Two Options go together for Email and SMS only; MaxItems is of the recipient cache."""
    x = Case(phone, user, site, log, version)
    cid = x.r.folder(2)
    x.user.deliver(mime("b@example.org", x.user.address, "M"))
    x.r.turn(cid)

    def ask(*options):
        a = x.d.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(G.Collection(
            A.SyncKey(x.r.collections[cid].key), G.CollectionId(cid), *options))))
        (r,) = a.doc.all("Response")
        return r.val("Status"), r.val("Collection/Estimate")
    mail, sms = (A.Options(A.FilterType("0"), A.Class(c)) for c in ("Email", "SMS"))
    assert ask(mail, sms) == ask(sms, mail) == ask(mail) == ("1", "1")
    assert ask(mail, mail)[0] == ask(sms, sms)[0] == ask(mail, A.Options(A.Class("Tasks")))[0] == "4"
    assert ask(A.Options(A.Class("Email"), A.MaxItems("5")))[0] == "2"
