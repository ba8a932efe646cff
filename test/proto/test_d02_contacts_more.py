# SPDX-License-Identifier: Apache-2.0
"""Contacts both ways: page Contacts2, free fields of OX, lists, pictures, zones far in the east, folders."""
import base64

from easlib.items import contact
from easlib.mark import every
from easlib.wbxml import Contacts as C, Contacts2 as D, Move as M

# (page, tag, OX member, value)
MORE = [
    (C, "OfficeLocation", "room_number", "Haus 3"), (C, "YomiFirstName", "yomiFirstName", "アンネ"),
    (C, "YomiLastName", "yomiLastName", "グロ"), (C, "YomiCompanyName", "yomiCompany", "カ"),
    (D, "NickName", "nickname", "Nick"), (D, "CompanyMainPhone", "telephone_company", "+49 30 11"),
    (D, "ManagerName", "manager_name", "Chefin"), (D, "IMAddress", "instant_messenger1", "im1"),
    (D, "IMAddress2", "instant_messenger2", "im2"),
    # no member of their own in OX: its free ones
    (D, "IMAddress3", "userfield20", "im3"), (D, "CustomerId", "userfield16", "K-1"),
    (D, "GovernmentId", "userfield17", "ID 7"), (D, "AccountName", "userfield18", "Konto"),
    (D, "MMS", "userfield19", "mms@x"),
]


def contacts(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    return r, cid


@every()
def test_every_other_text_both_ways(phone, user, version):
    user.new("contacts", display_name="Voll", userfield15="Ada,Bert", **{k: v for _, _, k, v in MORE})
    r, cid = contacts(phone, user, version)
    (data,) = r.collections[cid].items.values()
    for page, tag, _, value in MORE:
        assert data.val(("Contacts2:" if page is D else "Contacts:") + tag) == value, tag
    assert [c.text for c in data["Contacts:Children"]] == ["Ada", "Bert"]
    r.add(cid, [C.LastName("Zwei"), C.Children(C.Child("Cem"), C.Child("Dora"))]
          + [getattr(page, tag)(value) for page, tag, _, value in MORE])
    (o,) = user.find("contacts", "last_name", "Zwei")
    assert [(k, o.get(k)) for _, _, k, v in MORE if o.get(k) != v] == [] and o["userfield15"] == "Cem,Dora"


@every()
def test_fm40_free_fields_stay_when_a_phone_does_not_know_them(phone, user, version):
    oid = user.new("contacts", display_name="Voll", last_name="Voll", userfield01="eins", userfield16="K-1",
                   profession="Bäcker", marital_status="ledig")
    r, cid = contacts(phone, user, version)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, contact(version, "Anna", "Voll"))
    o = user.get("contacts", oid)
    assert (o["first_name"], o["userfield01"], o["userfield16"], o["profession"], o["marital_status"]) == (
        "Anna", "eins", "K-1", "Bäcker", "ledig")
    r.change(cid, sid, contact(version, "Anna", "Voll") + [D.CustomerId()])
    assert not user.get("contacts", oid).get("userfield16"), "an empty tag takes it away"


@every()
def test_distribution_lists_stay_as_they_are(phone, user, version):
    members = [{"mail": "a@example.org", "display_name": "A", "mail_field": 0},
               {"mail": "b@example.org", "display_name": "B", "mail_field": 0}]
    lid = user.new("contacts", display_name="Verteiler", mark_as_distributionlist=True, distribution_list=members)
    user.new("contacts", display_name="Mensch", last_name="Mensch")
    r, cid = contacts(phone, user, version)
    assert r.texts(cid, "Contacts:LastName") == ["Mensch"]
    (sid,) = r.collections[cid].items
    r.change(cid, sid, contact(version, "Neu", "Mensch"))
    r.sync(cid)
    o = user.get("contacts", lid)
    assert o["mark_as_distributionlist"] and [m["mail"] for m in o["distribution_list"]] == [
        "a@example.org", "b@example.org"]


@every("2.5")
def test_a_picture_goes_with_a_move_and_is_not_told_again(phone, user, version):
    r, cid = contacts(phone, user, version)
    picture = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20).decode()
    sid = r.add(cid, contact(version, "Anna", "Bild") + [C.Picture(picture)])
    (o,) = user.objects("contacts")
    assert o["number_of_images"] == 1
    user.update("contacts", o["id"], nickname="Nick")
    r.sync(cid)
    assert r.collections[cid].items[sid].val("Picture") == picture  # what the phone had: only the name was told
    second = user.new_folder("Zweite", "contacts")
    r.foldersync()
    other = next(f for f, x in r.folders.items() if x["DisplayName"] == "Zweite")
    a = r.device.cmd("MoveItems", M.MoveItems(M.Move(M.SrcMsgId(sid), M.SrcFldId(cid), M.DstFldId(other))))
    assert a.doc.val("Response/Status") == "3", a
    (o,) = user.objects("contacts", folder=second)
    assert o["number_of_images"] == 1 and o["nickname"] == "Nick"
