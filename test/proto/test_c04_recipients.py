# SPDX-License-Identifier: Apache-2.0
"""The recipient information cache (MS-ASCMD 2.2.3.186.3 type 19, MS-ASCNTC 2.2.2.81), from 14.0 on."""
import pytest

from easlib.mark import every
from easlib.site import Site
from easlib.seed import seed
from easlib.wbxml import (AirSync as A, Contacts as C, GetItemEstimate as G, ItemOperations as I, Move as M)

RI = "RI"


def names(r):
    return {d.val("Contacts:Email1Address"): d for d in r.collections[RI].items.values()}


@every()
def test_in_the_folder_list(phone, version):
    r = phone(version)
    if float(version) < 14:
        assert RI not in r.folders and "19" not in {f["Type"] for f in r.folders.values()}
    else:
        assert r.folders[RI] == {"ParentId": "0", "DisplayName": "RecipientInfo", "Type": "19"}


@every("14.0")
def test_whom_the_user_writes_to(phone, user, version):
    user.new("contacts", display_name="Ada L", email1="ada@example.net", email2="lady@example.net", nickname="ada",
             useCount=7)
    user.new("contacts", display_name="Bert", email3="bert@example.net", useCount=3)
    user.new("contacts", display_name="Also Bert", email1="BERT@example.net", useCount=1)
    user.new("contacts", display_name="Nobody")
    r = phone(version, user=user)
    r.sync(RI)
    found = names(r)
    assert set(found) == {"ada@example.net", "lady@example.net", "bert@example.net"}
    ada = found["ada@example.net"]
    assert (ada.val("Contacts:FileAs"), ada.val("Contacts:Alias"), ada.val("Contacts:WeightedRank")) == \
        ("Ada L", "ada", "7")
    bert = found["bert@example.net"]
    assert (bert.val("Contacts:FileAs"), bert.val("Contacts:WeightedRank")) == ("Bert", "3")
    assert "Contacts:Alias" not in bert
    assert not [t for t in r.sync(RI) if t.commands]


@every("14.0")
def test_changes_follow(phone, user, version):
    old = user.new("contacts", display_name="Old", email1="old@example.net", useCount=1)
    r = phone(version, user=user)
    r.sync(RI)
    user.update("contacts", old, useCount=5)
    user.new("contacts", display_name="New", email1="new@example.net", useCount=2)
    r.sync(RI)
    found = names(r)
    assert {a: d.val("Contacts:WeightedRank") for a, d in found.items()} == \
        {"old@example.net": "5", "new@example.net": "2"}
    user.delete("contacts", old)
    r.sync(RI)
    assert set(names(r)) == {"new@example.net"}
    r.turn(RI, lose=2)
    assert set(names(r)) == {"new@example.net"}


def test_max_items(phone, user):
    for i in range(6):
        user.new("contacts", display_name=f"P{i}", email1=f"p{i}@example.net", useCount=i + 1)
    r = phone("14.1", user=user)
    c = r.open(RI)
    c.options = A.Options(A.MaxItems("2"))
    r.sync(RI)
    assert set(names(r)) == {"p5@example.net", "p4@example.net"}
    assert not r.turn(RI).commands
    c.options = A.Options(A.MaxItems("4"))
    r.sync(RI)
    assert len(names(r)) == 4
    c.options = A.Options(A.MaxItems("1"))
    r.sync(RI)
    assert set(names(r)) == {"p5@example.net"}
    for bad in ("0", "-1", "x"):
        c.options = A.Options(A.MaxItems(bad))
        assert r.turn(RI).status == "4"
    c.options = None
    r.sync(RI)
    assert len(names(r)) == 6


@every("14.0")
def test_estimate(phone, user, version):
    for i in range(3):
        user.new("contacts", display_name=f"P{i}", email1=f"p{i}@example.net", useCount=i + 1)
    r = phone(version, user=user)
    r.turn(RI)

    def estimate(*options):
        a = r.device.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(G.Collection(
            A.SyncKey(r.open(RI).key), G.CollectionId(RI), A.Options(*options) if options else None))))
        (one,) = a.doc.all("Response")
        return one.val("Status"), one.val("Collection/Estimate")
    assert estimate() == ("1", "3")
    assert estimate(A.MaxItems("2")) == ("1", "2")
    assert estimate(A.MaxItems("0"))[0] == "2"


@every("14.0")
def test_can_only_be_read(phone, user, version):
    user.new("contacts", display_name="Ada", email1="ada@example.net", useCount=1)
    r = phone(version, user=user)
    r.sync(RI)
    (sid,) = r.collections[RI].items
    contacts = r.folder(9)
    r.sync(contacts)
    key = r.collections[RI].key
    commands = [A.Add(A.ClientId("x"), A.ApplicationData(C.Email1Address("x@example.net"))),
                A.Change(A.ServerId(sid), A.ApplicationData(C.FileAs("Other"))), A.Delete(A.ServerId(sid))]
    for command in commands:
        a = r.device.sync(r.request(r.open(RI), [command]))
        assert a.code == "4", a
    assert not r.turn(RI).commands and r.collections[RI].key == key
    fetched = r.turn(RI, [A.Fetch(A.ServerId(sid))]).response("Fetch", ServerId=sid)
    assert fetched.val("Status") == "1" and fetched.val("ApplicationData/Contacts:Email1Address") == "ada@example.net"
    (card,) = r.collections[contacts].items
    for source, target, item in ((RI, contacts, sid), (contacts, RI, card)):
        a = r.device.cmd("MoveItems", M.MoveItems(M.Move(M.SrcMsgId(item), M.SrcFldId(source), M.DstFldId(target))))
        assert a.doc.val("Response/Status") not in ("3", None), a
    a = r.device.itemoperations(I.EmptyFolderContents(A.CollectionId(RI)))
    assert a.doc.val("Response/EmptyFolderContents/Status") not in ("1", None), a
    assert a.doc.val("Status") == "1"
    assert r.device.folder_create(r.folder_key, RI, "Below", "12").code == "3"
    assert r.device.folder_create(r.folder_key, "0", "Mine", "19").code == "3"
    assert r.device.folder_update(r.folder_key, RI, "0", "Mine").code == "3"
    assert r.device.folder_delete(r.folder_key, RI).code == "3"
    assert not r.turn(RI).commands and not r.turn(contacts).commands


def test_another_version(phone, user):
    """The folder comes and goes with the version the device speaks, and its old key is of no use in between."""
    user.new("contacts", display_name="Ada", email1="ada@example.net", useCount=1)
    r = phone("12.1", user=user)
    assert RI not in r.folders
    r.device.version = "14.1"
    r.device.provision()
    r.foldersync()
    assert r.folders[RI]["Type"] == "19"
    r.sync(RI)
    r.device.version = "12.1"
    r.device.provision()
    a = r.foldersync()
    assert RI not in r.folders and a.doc.all("Changes/Delete")
    r.collections[RI].cls = None
    assert r.turn(RI).status in ("3", "12")
    assert r.turn(RI).status == "12"
    r.device.version = "16.1"
    r.device.provision()
    r.foldersync()
    assert r.folders[RI]["Type"] == "19"
    assert not [f for f in r.foldersync().doc["Changes"] if f.tag != "Count"]


@pytest.fixture(scope="module")
def without():
    s = Site(seed(), config="EASRecipientCache off\n")
    try:
        yield s
    finally:
        s.stop()


def test_switched_off(phone, user, without):
    r = phone("14.1", user=user, server=without.eas)
    assert RI not in r.folders and r.turn(RI).status == "12"
