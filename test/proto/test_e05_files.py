# SPDX-License-Identifier: Apache-2.0
"""Files of events, from 16.0 on (MS-ASAIRS 2.2.2.8, MS-ASCAL 2.2.2.7), checked in OX's module attachment."""
import json

import pytest

from easlib.items import event, millis, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C, ItemOperations as I

CHRONOS = "."  # see conftest.py
START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")


def calendar(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(8)
    r.sync(cid)
    return r, cid


def files(*adds, removed=()):
    return B.Attachments(*[B.Add(B.ClientId(c), B.Method("1"), B.Content(d), B.DisplayName(n), B.ContentType("text/x"))
                           for c, n, d in adds], *[B.Delete(B.FileReference(x)) for x in removed])


def ask(user, method, action, oid, body=None, **more):
    """A call of OX's module attachment; its answer's bytes."""
    user.call("GET", "config/identifier", "")  # there is a session
    params = {"action": action, "session": user.session, "attached": oid, "folder": user.default("calendar"),
              "module": "1", **more}
    return user.raw(method, "attachment", params, body)[1]


def stored(user, oid):
    """Name → bytes of what OX has."""
    rows = json.loads(ask(user, "GET", "all", oid, columns="1,803"))["data"]
    return {name: ask(user, "GET", "document", oid, id=aid) for aid, name in rows}


def fetch(r, ref):
    a = r.device.cmd("ItemOperations", I.ItemOperations(I.Fetch(I.Store("Mailbox"), B.FileReference(ref))))
    (f,) = a.doc["ItemOperations:Response"]
    return f.val("Status"), f.get("ItemOperations:Properties/ItemOperations:Data")


def shown(r, cid, sid):
    e = r.collections[cid].items[sid].get("AirSyncBase:Attachments")
    return {a.val("DisplayName"): a.val("FileReference") for a in (e or ())}


@every("16.0")
@pytest.mark.parametrize("lose", [0, 1])
def test_life_of_files(phone, user, version, lose):
    r, cid = calendar(phone, user, version)
    one, two = b"Tagesordnung\0\xff" * 10, b"Plan"
    add = [A.Add(A.ClientId("c1"), A.ApplicationData(
        *event(version, "Treffen", START, END), files(("f1", "eins.txt", one), ("f2", "zwei.txt", two))))]
    t = r.turn(cid, add, lose=lose)
    response = t.response("Add", ClientId="c1")
    assert response.val("Status") == "1", t
    refs = {a.val("ClientId"): a.val("FileReference") for a in response["ApplicationData/Attachments"]}
    assert set(refs) == {"f1", "f2"}
    sid = response.val("ServerId")
    r.collections[cid].items[sid] = add[0]["ApplicationData"]
    (o,) = user.objects("calendar")
    assert stored(user, o["id"]) == {"eins.txt": one, "zwei.txt": two}
    assert not any(x.commands for x in r.sync(cid)), "the phone's own event came back"
    user.update("calendar", o["id"], note="Notiz")
    r.sync(cid)
    assert shown(r, cid, sid) == {"eins.txt": refs["f1"], "zwei.txt": refs["f2"]}
    # one goes, one comes; the event itself is as it was
    t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(files(("f3", "drei.txt", b"3"),
                                                                      removed=[refs["f1"]])))], lose=lose)
    answer = t.response("Change", ServerId=sid)
    assert answer.val("Status") == "1", t
    (ref,) = [a.val("FileReference") for a in answer["ApplicationData/Attachments"]]
    assert stored(user, o["id"]) == {"zwei.txt": two, "drei.txt": b"3"}
    assert user.get("calendar", o["id"])["title"] == "Treffen"
    user.update("calendar", o["id"], note="Noch eine")
    r.sync(cid)
    assert shown(r, cid, sid) == {"zwei.txt": refs["f2"], "drei.txt": ref}
    assert not any(x.commands for x in r.sync(cid))


@every("16.0")
def test_files_from_ox_and_fetch(phone, user, other_user, version):
    r, cid = calendar(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("c"), A.ApplicationData(
        *event(version, "Treffen", START, END), files(("f", "a.bin", bytes(range(256)) * 300))))])
    sid = t.response("Add", ClientId="c").val("ServerId")
    r.collections[cid].items[sid] = A.ApplicationData()
    other = phone(version, user=user)
    oc = other.folder(8)
    other.sync(oc)
    (ref,) = shown(other, oc, next(iter(other.collections[oc].items))).values()
    status, data = fetch(other, ref)
    assert status == "1" and data is not None
    stranger = phone(version, user=other_user)
    stranger.folder(8)
    assert fetch(stranger, ref)[0] != "1"
    # an edit of the event leaves its files alone, and a file that OX removes goes
    r.change(cid, sid, [C.Subject("Anders")])
    (o,) = user.objects("calendar")
    assert o["title"] == "Anders" and list(stored(user, o["id"])) == ["a.bin"]
    ((aid,),) = json.loads(ask(user, "GET", "all", o["id"], columns="1"))["data"]
    ask(user, "PUT", "detach", o["id"], json.dumps([aid]).encode())
    r.sync(cid)
    assert shown(r, cid, sid) == {}


@every("16.0")
def test_bad_files_are_refused_and_the_rest_goes_on(phone, user, version):
    r, cid = calendar(phone, user, version)
    good = event(version, "Gut", START, END)
    bad = [B.Attachments(B.Add(B.ClientId("x"), B.Method("6"), B.Content(b"x"), B.DisplayName("x"))),
           B.Attachments(B.Add(B.ClientId("x"), B.Method("1"), B.DisplayName("x"))),
           B.Attachments(B.Add(B.ClientId("x"), B.Method("1"), B.Content(b"x"))),
           B.Attachments(B.Delete(B.FileReference("nothing")))]
    t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*good, b)) for i, b in enumerate(bad)]
               + [A.Add(A.ClientId("good"), A.ApplicationData(*good))])
    got = [t.response("Add", ClientId=f"c{i}").val("Status") for i in range(len(bad))]
    assert got == ["6", "6", "6", "8"], t  # the last one names something that is not there
    assert t.response("Add", ClientId="good").val("Status") == "1" and len(user.objects("calendar")) == 1


@every("16.0")
def test_files_that_cannot_be_kept_leave_no_half_event(site, phone, user, version):
    r, cid = calendar(phone, user, version)
    site.ox.control("fault", module="attachment", action="attach", user=user.name, kind="error",
                    category="USER_INPUT", count=1)
    t = r.turn(cid, [A.Add(A.ClientId("c"), A.ApplicationData(*event(version, "T", START, END),
                                                              files(("f", "a", b"x"))))])
    assert t.response("Add", ClientId="c").val("Status") == "6" and not user.objects("calendar"), t
    site.ox.control("fault/clear")


@every("16.0")
def test_a_guest_leaves_the_files_alone(phone, user, other_user, version):
    ids = [u.call("GET", "config/identifier", "") for u in (other_user, user)]
    oid = other_user.new("calendar", title="Einladung", start_date=millis(START), end_date=millis(END),
                         participants=[{"id": i, "type": 1} for i in ids])
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(files(("f", "a", b"x"))))])
    assert not stored(other_user, oid)


@every("2.5", "14.1")
def test_before_16_nothing_is_asked_about_files(site, phone, user, version):
    r, cid = calendar(phone, user, version)
    r.add(cid, event(version, "T", START, END, uid="x"))
    before = site.ox.count("attachment")
    r.sync(cid)
    assert site.ox.count("attachment") == before
