# SPDX-License-Identifier: Apache-2.0
"""GetItemEstimate (MS-ASCMD 2.2.1.9)."""
import pytest

from easlib.client import expect
from easlib.items import mime
from easlib.mark import every
from easlib.wbxml import AirSync as A, GetItemEstimate as G


def one(answer):
    """(Status, Estimate or None) of an answer about one collection."""
    (r,) = answer.doc.all("Response")
    return r.val("Status"), r.val("Collection/Estimate")


@every()
def test_counts_what_is_to_come(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.turn(cid)
    for want in (0, 1, 2, 3):
        assert one(r.device.getitemestimate((cid, r.open(cid).key, "Contacts", None))) == ("1", str(want))
        user.new("contacts", last_name=str(want), display_name=str(want))
    r.sync(cid)
    assert one(r.device.getitemestimate((cid, r.open(cid).key, "Contacts", None))) == ("1", "0")


@every()
def test_mail_changes_count(phone, user, version):
    ids = [user.deliver(mime("b@example.org", user.address, f"M{i}")) for i in range(3)]
    r = phone(version, user=user)
    cid = r.folder(2)
    r.open(cid).filter = "0"
    r.sync(cid)
    user.flag(ids[0], 32)
    user.delete_mail(ids[1])
    user.deliver(mime("b@example.org", user.address, "neu"))
    assert one(r.device.getitemestimate((cid, r.open(cid).key, "Email", "0"))) == ("1", "3")


@every()
def test_estimate_does_not_move_the_key(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.turn(cid)
    user.new("contacts", last_name="A", display_name="A")
    key = r.open(cid).key
    for _ in range(3):
        r.device.getitemestimate((cid, key, "Contacts", None))
    assert len(r.turn(cid).of("Add")) == 1


@every()
def test_estimate_with_the_key_before(phone, user, version):
    """Late on its way, it must not take back what the phone has got since: its newer key stays good."""
    user.new("contacts", last_name="A", display_name="A")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.turn(cid)
    old = r.open(cid).key
    assert len(r.turn(cid).of("Add")) == 1 and r.open(cid).key != old
    status, count = one(r.device.getitemestimate((cid, old, "Contacts", None)))
    assert status == "1" and int(count) >= 1
    t = r.turn(cid)
    assert t.status == "1" and not t.commands and r.texts(cid, "Contacts:LastName") == ["A"]
    user.new("contacts", last_name="B", display_name="B")
    r.turn(cid, lose=1)
    assert r.texts(cid, "Contacts:LastName") == ["A", "B"]


@every()
def test_statuses(phone, version):
    r = phone(version)
    cid, d = r.folder(9), r.device
    assert one(d.getitemestimate((cid, "0", "Contacts", None)))[0] in ("3", "4")
    r.turn(cid)
    assert one(d.getitemestimate(("no-such-folder", r.open(cid).key, "Contacts", None)))[0] == "2"
    status, estimate = one(d.getitemestimate((cid, "forged", "Contacts", None)))
    assert status == "4" or (status, estimate) == ("1", "1"), "fm18 lets a server estimate 1 here"


@every()
def test_several(phone, user, version):
    r = phone(version, user=user)
    ids = [(r.folder(k), c) for k, c in ((9, "Contacts"), (7, "Tasks"), (2, "Email"))]
    for cid, _ in ids:
        r.turn(cid)
    user.new("tasks", title="T")
    a = r.device.getitemestimate(*[(cid, r.open(cid).key, c, None) for cid, c in ids])
    got = {x.val("Collection/CollectionId"): x.val("Collection/Estimate") for x in a.doc.all("Response")}
    assert got == {ids[0][0]: "0", ids[1][0]: "1", ids[2][0]: "0"}


@every("14.0")
def test_conversation_mode_on_contacts(phone, version):
    r = phone(version)
    cid = r.folder(9)
    r.turn(cid)
    a = r.device.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(G.Collection(
        A.SyncKey(r.open(cid).key), G.CollectionId(cid), A.ConversationMode("1")))))
    assert a.status == 200 and (a.code == "103" or one(a)[0] in ("4", "103")), a


@every()
@pytest.mark.parametrize("doc", [G.GetItemEstimate(), G.GetItemEstimate(G.Collections()),
                                 G.GetItemEstimate(G.Collections(G.Collection(A.SyncKey("1"))))],
                         ids=["nothing", "no collection", "no id"])
def test_malformed(phone, version, doc):
    a = phone(version).device.cmd("GetItemEstimate", doc)
    if a.status == 200 and a.doc.all("Response"):
        assert one(a)[0] == "2", a
    else:
        expect(a, 103, 400)
