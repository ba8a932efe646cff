# SPDX-License-Identifier: Apache-2.0
"""MoveItems (MS-ASCMD 2.2.1.12): all classes, repeats, and what the phones are told afterwards."""
import threading

import pytest

from easlib.items import contact, event, mime, task, when
from easlib.mark import every
from easlib.wbxml import AirSync, Move as M

START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")
MAKE = {"contacts": (9, "14", lambda v, n: contact(v, "F", n)), "tasks": (7, "15", lambda v, n: task(v, n)),
        "calendar": (8, "13", lambda v, n: event(v, n, START, END, uid="uid-" + n))}


def move(device, *rows):
    """rows: (item, from, to). Returns [(source id, status, new id or None)]."""
    a = device.cmd("MoveItems", M.MoveItems([M.Move(M.SrcMsgId(i), M.SrcFldId(f), M.DstFldId(t)) for i, f, t in rows]))
    assert a.status == 200, a
    return [(r.val("SrcMsgId"), r.val("Status"), r.val("DstMsgId")) for r in a.doc.all("Response")]


def folder(r, name, kind):
    """A new folder of the phone's own making."""
    parent = "0"
    if kind == "12":
        parent = r.folder(2)
    elif kind in ("13", "14", "15"):
        parent = r.folder({"13": 8, "14": 9, "15": 7}[kind])
    a = r.device.folder_create(r.folder_key, parent, name, kind)
    assert a.code == "1", a
    r.folder_key = a.doc.val("SyncKey")
    r.folders[a.doc.val("ServerId")] = {"ParentId": parent, "DisplayName": name, "Type": kind}
    return a.doc.val("ServerId")


def carry_over(r, sid, source, target, new):
    """The phone does as it has asked."""
    r.collections[target].items[new] = r.collections[source].items.pop(sid)


@every()
def test_fm23_mail(phone, user, version):
    r = phone(version, user=user)
    source, target = r.folder(2), folder(r, "Ablage", "12")
    for i in range(3):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    r.sync(source), r.sync(target)
    sids = [r.find(source, "Email:Subject", f"M{i}")[0] for i in range(2)]
    done = move(r.device, *[(s, source, target) for s in sids])
    assert [d[:2] for d in done] == [(s, "3") for s in sids], done
    for s, _, new in done:
        carry_over(r, s, source, target, new)
    assert not r.sync(source)[-1].commands and not r.sync(target)[-1].commands
    assert r.texts(target, "Email:Subject") == ["M0", "M1"] and r.texts(source, "Email:Subject") == ["M2"]
    assert sorted(m["subject"] for m in user.mails("default0/INBOX/Ablage")) == ["M0", "M1"]
    # Edits of the moved mail reach the phone under the new id, and the phone's own reach the server.
    new = done[0][2]
    user.flag(user.mail_named("M0", "default0/INBOX/Ablage")[0]["id"], 32, folder="default0/INBOX/Ablage")
    r.sync(target)
    assert r.collections[target].items[new].val("Email:Read") == "1"
    r.delete(target, new)
    assert [m["subject"] for m in user.mails("default0/INBOX/Ablage")] == ["M1"]


@every()
@pytest.mark.parametrize("module", sorted(MAKE))
def test_groupware_items(phone, user, version, module):
    kind, sub, make = MAKE[module]
    r = phone(version, user=user)
    source, target = r.folder(kind), folder(r, "Zweiter", sub)
    r.sync(source), r.sync(target)
    sid = r.add(source, make(version, "Eins"))
    r.add(source, make(version, "Bleibt"))
    ((_, status, new),) = move(r.device, (sid, source, target))
    assert status == "3" and new
    carry_over(r, sid, source, target, new)
    assert not r.sync(source)[-1].of("Delete") and not r.sync(target)[-1].of("Add")
    assert len(user.objects(module)) == 1
    # There and back again: not taken for a repeat.
    ((_, status, back),) = move(r.device, (new, target, source))
    assert status == "3" and len(user.objects(module)) == 2
    carry_over(r, new, target, source, back)
    assert move(r.device, (back, source, target))[0][1] == "3"
    assert len(user.objects(module)) == 1


@every()
def test_lost_answer(phone, user, version):
    """The same request any number of times: the same answer, one move."""
    r = phone(version, user=user)
    source, target = r.folder(2), folder(r, "Ablage", "12")
    user.deliver(mime("b@example.org", user.address, "Einmal"))
    r.sync(source), r.sync(target)
    (sid,) = r.collections[source].items
    answers = [move(r.device, (sid, source, target)) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2] and answers[0][0][1] == "3", answers
    assert len(user.mails("default0/INBOX/Ablage")) == 1 and user.mails() == []


@every("2.5", "16.1")
def test_repeat_while_the_first_runs(site, phone, user, version):
    r = phone(version, user=user)
    source, target = r.folder(2), folder(r, "Ablage", "12")
    for i in range(4):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    r.sync(source), r.sync(target)
    rows = [(s, source, target) for s in r.collections[source].items]
    results = []

    def run():
        d = phone(version, user=user, ready=False, device_id=r.device.device_id).device
        d.policy_key = r.device.policy_key
        results.append(move(d, *rows))
    threads = [threading.Thread(target=run) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(results) == 4 and all(x == results[0] for x in results), results
    assert {x[1] for x in results[0]} == {"3"} and len({x[2] for x in results[0]}) == 4
    assert len(user.mails("default0/INBOX/Ablage")) == 4


@every()
def test_other_phones(phone, user, version):
    """Another device of the user sees one go and one come."""
    one, two = phone(version, user=user), phone("16.1", user=user)
    source, target = one.folder(2), folder(one, "Ablage", "12")
    user.deliver(mime("b@example.org", user.address, "Wandert"))
    two.foldersync()
    for r in (one, two):
        r.sync(source), r.sync(target)
    (sid,) = one.collections[source].items
    ((_, status, new),) = move(one.device, (sid, source, target))
    assert status == "3"
    assert sid in two.sync(source)[-1].of("Delete") and new in two.sync(target)[-1].of("Add")
    assert [d.val("Email:Subject") for d in two.collections[target].items.values()] == ["Wandert"]


@every()
def test_into_the_trash(phone, user, version):
    r = phone(version, user=user)
    source, trash = r.folder(2), r.folder(4)
    user.deliver(mime("b@example.org", user.address, "Weg"))
    r.sync(source)
    (sid,) = r.collections[source].items
    assert move(r.device, (sid, source, trash))[0][1] == "3"
    r.collections[source].items.clear()
    assert not r.sync(source)[-1].commands
    r.sync(trash)  # never synced before: there it is new
    assert r.texts(trash, "Email:Subject") == ["Weg"] and user.mails() == []


@every()
def test_statuses(phone, user, other_user, version):
    r, other = phone(version, user=user), phone(version, user=other_user)
    inbox, sent, contacts = r.folder(2), r.folder(5), r.folder(9)
    user.deliver(mime("b@example.org", user.address, "Hier"))
    other_user.deliver(mime("b@example.org", user.address, "Fremd"))
    r.sync(inbox)
    other.sync(other.folder(2))
    (sid,) = r.collections[inbox].items
    rows = [((sid, inbox, inbox), "4"), ((sid, "9999", sent), "1"), ((inbox + ":99999", inbox, sent), "1"),
            (("quatsch", inbox, sent), "1"), ((sid, sent, inbox), "1"), ((sid, inbox, "9999"), "2"),
            ((sid, inbox, "äöü"), "2"), ((sid, inbox, contacts), "2"), ((sid, inbox, r.folder(6)), "2"),
            (("x" * 200, inbox, sent), "1")]
    for row, want in rows:
        assert move(r.device, row) == [(row[0], want, None)], (row, want)
    assert [m["subject"] for m in user.mails()] == ["Hier"]
    assert [m["subject"] for m in other_user.mails()] == ["Fremd"]


@every()
def test_schema(phone, version):
    d = phone(version).device
    for doc in (M.MoveItems(), M.MoveItems(M.Move(M.SrcMsgId("1"), M.SrcFldId("1"))),
                M.MoveItems([M.Move(M.SrcMsgId("1:1"), M.SrcFldId("1"), M.DstFldId("2"))] * 1001)):
        a = d.cmd("MoveItems", doc)
        assert a.status == 400 if d.v < 14 else (a.status, a.code) == (200, "103"), a


def two_books(phone, user, version):
    """A phone with a contact and two folders, and a moment later a second contact folder for it to go to."""
    r = phone(version, user=user)
    source, target = r.folder(9), folder(r, "Zweiter", "14")
    r.sync(source), r.sync(target)
    oid = user.new("contacts", first_name="Eins", last_name="Wandert", company="Alt")
    r.sync(source)
    (sid,) = r.collections[source].items
    return r, source, target, sid, oid


def lose(r, cid, commands=None):
    """A Sync whose answer never arrives."""
    c = r.collections[cid]
    r.device.sync(r.request(c, commands))
    r.device.close()


@every("2.5", "16.1")
def test_answer_lost_before_the_move(phone, user, version):
    """What the phone moves is the version that it has, whatever the lost answer told."""
    r, source, target, sid, oid = two_books(phone, user, version)
    user.update("contacts", oid, company="Neu")
    lose(r, source)
    ((_, status, new),) = move(r.device, (sid, source, target))
    assert status == "3"
    carry_over(r, sid, source, target, new)
    assert not r.sync(source)[-1].commands
    assert set(r.sync(target)[-1].of("Change")) == {new}
    assert r.texts(target, "Contacts:CompanyName") == ["Neu"] and not r.faults


@every("2.5", "16.1")
def test_moved_on_after_it_came_back(phone, user, version):
    """Brought back and told, then moved by somebody else to where the phone wants it: not taken for a repeat."""
    r, source, target, sid, oid = two_books(phone, user, version)
    ((_, status, new),) = move(r.device, (sid, source, target))
    carry_over(r, sid, source, target, new)
    ids = {f: i for i, f in user.folders("contacts").items()}
    user.update("contacts", oid, ids["Zweiter"], folder_id=user.default("contacts"))
    r.sync(target), r.sync(source)
    assert set(r.collections[source].items) == {sid}
    user.update("contacts", oid, folder_id=ids["Zweiter"])
    ((_, status, new),) = move(r.device, (sid, source, target))
    assert status == "3"
    carry_over(r, sid, source, target, new)
    assert not r.sync(source)[-1].commands and not r.sync(target)[-1].of("Add") and not r.faults


@every("2.5", "16.1")
def test_edit_of_an_unanswered_add_follows_the_item(phone, user, version):
    r, source, target, sid, _ = two_books(phone, user, version)

    def add(company):
        return [AirSync.Add(AirSync.ClientId("neu1"), AirSync.ApplicationData(
            *contact(version, "F", "Frisch", CompanyName=company)))]
    lose(r, source, add("Alt"))
    (made,) = user.find("contacts", "last_name", "Frisch")
    ids = {f: i for i, f in user.folders("contacts").items()}
    user.update("contacts", made["id"], folder_id=ids["Zweiter"])
    t = r.turn(source, add("Neu"))
    assert t.response("Add", ClientId="neu1").val("Status") == "1"
    assert not user.find("contacts", "last_name", "Frisch")
    assert [c["company"] for c in user.find("contacts", "last_name", "Frisch", ids["Zweiter"])] == ["Neu"]


@every("2.5", "16.1")
def test_refused_is_asked_again(site, phone, user, version):
    """A refusal is not kept: once there is room again the item moves."""
    r = phone(version, user=user)
    source, target = r.folder(2), folder(r, "Ablage", "12")
    user.deliver(mime("b@example.org", user.address, "Einmal"))
    r.sync(source), r.sync(target)
    (sid,) = r.collections[source].items
    site.ox.control("fault", user=user.name, module="mail", kind="error", category="CAPACITY", code="XXX-0001")
    assert move(r.device, (sid, source, target))[0][1] == "5"
    assert move(r.device, (sid, source, target))[0][1] == "3"
