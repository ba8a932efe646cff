# SPDX-License-Identifier: Apache-2.0
"""Contacts both ways (MS-ASCNTC), checked in OX."""
import pytest

from easlib.items import contact
from easlib.mark import every
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, Contacts as C

# (EAS tag, OX key, value): plain texts that must arrive unchanged in both directions
TEXTS = [
    ("FirstName", "first_name", "Änne"), ("LastName", "last_name", "Großmann <&> \"x\""),
    ("MiddleName", "second_name", "M."),
    ("Title", "title", "Dr."), ("Suffix", "suffix", "jr."), ("CompanyName", "company", "Firma & Söhne"),
    ("Department", "department", "Einkauf"), ("JobTitle", "position", "Leiter"),
    ("Email1Address", "email1", "a@example.org"), ("Email2Address", "email2", "b@example.org"),
    ("Email3Address", "email3", "c@example.org"),
    ("BusinessPhoneNumber", "telephone_business1", "+49 30 1"),
    ("Business2PhoneNumber", "telephone_business2", "+49 30 2"),
    ("BusinessFaxNumber", "fax_business", "+49 30 3"), ("HomePhoneNumber", "telephone_home1", "+49 30 4"),
    ("Home2PhoneNumber", "telephone_home2", "+49 30 5"), ("HomeFaxNumber", "fax_home", "+49 30 6"),
    ("MobilePhoneNumber", "cellular_telephone1", "+49 170 1"), ("PagerNumber", "telephone_pager", "+49 30 7"),
    ("CarPhoneNumber", "telephone_car", "+49 30 8"), ("RadioPhoneNumber", "telephone_radio", "+49 30 9"),
    ("AssistantName", "assistant_name", "Fr. Alt"), ("AssistantPhoneNumber", "telephone_assistant", "+49 30 10"),
    ("BusinessAddressStreet", "street_business", "Weg 1"), ("BusinessAddressCity", "city_business", "Köln"),
    ("BusinessAddressPostalCode", "postal_code_business", "50667"), ("BusinessAddressState", "state_business", "NRW"),
    ("BusinessAddressCountry", "country_business", "Deutschland"), ("HomeAddressStreet", "street_home", "Gasse 2"),
    ("HomeAddressCity", "city_home", "Olpe"), ("HomeAddressPostalCode", "postal_code_home", "57462"),
    ("HomeAddressState", "state_home", "NW"), ("HomeAddressCountry", "country_home", "Österreich"),
    ("OtherAddressStreet", "street_other", "Pfad 3"), ("OtherAddressCity", "city_other", "Wien"),
    ("OtherAddressPostalCode", "postal_code_other", "1010"), ("OtherAddressState", "state_other", "W"),
    ("OtherAddressCountry", "country_other", "AT"), ("Spouse", "spouse_name", "Kim"),
    ("WebPage", "url", "http://example.org/"),
]


DAY = 320284800000  # 1980-02-25


def contacts(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    return r, cid


@every()
def test_every_text_from_ox(phone, user, version):
    user.new("contacts", display_name="Voll", note="Zeile 1\nZeile 2", **{k: v for _, k, v in TEXTS})
    r, cid = contacts(phone, user, version)
    (data,) = r.collections[cid].items.values()
    wrong = [(t, data.val(t), v) for t, _, v in TEXTS if data.val(f"Contacts:{t}") != v]
    assert not wrong
    assert body_text(data).replace("\r", "") == "Zeile 1\nZeile 2" and data.val("FileAs")


@every()
def test_every_text_to_ox(phone, user, version):
    r, cid = contacts(phone, user, version)
    r.add(cid, [getattr(C, t)(v) for t, _, v in TEXTS])
    (o,) = user.objects("contacts")
    wrong = [(k, o.get(k), v) for _, k, v in TEXTS if o.get(k) != v]
    assert not wrong and o.get("display_name")


@every()
def test_life_of_a_contact_from_the_phone(phone, user, version):
    r, cid = contacts(phone, user, version)
    sid = r.add(cid, contact(version, "Ada", "Lovelace", "Notiz ü", Email1Address="ada@example.org"))
    (o,) = user.find("contacts", "last_name", "Lovelace")
    assert (o["first_name"], o["email1"], o["note"]) == ("Ada", "ada@example.org", "Notiz ü")
    t = r.change(cid, sid, contact(version, "Augusta", "Lovelace", None, Email1Address="ada@example.org"))
    assert t.status == "1" and not t.responses and sid not in t.of("Add"), t
    o = user.get("contacts", o["id"])
    assert o["first_name"] == "Augusta" and o["note"] == "Notiz ü"
    t = r.delete(cid, sid)
    assert t.status == "1" and not t.responses and sid not in t.of("Delete"), t
    assert user.objects("contacts") == []
    assert r.sync(cid)[-1].empty or not r.collections[cid].items


@every()
def test_life_of_a_contact_from_ox(phone, user, version):
    r, cid = contacts(phone, user, version)
    oid = user.new("contacts", first_name="Bob", last_name="Ox", display_name="Ox, Bob", email1="b@example.org")
    r.sync(cid)
    (sid,) = r.find(cid, "Contacts:LastName", "Ox")
    user.update("contacts", oid, first_name="Robert", email1=None)
    r.sync(cid)
    data = r.collections[cid].items[sid]
    assert data.val("FirstName") == "Robert" and not data.val("Email1Address")
    user.delete("contacts", oid)
    (turn,) = r.sync(cid)
    assert sid in turn.of("Delete") and not r.collections[cid].items, turn


@every()
def test_absent_is_deleted_when_nothing_is_ghosted(phone, user, version):
    """No Supported: an absent property of a Change goes away, body and picture stay."""
    r, cid = contacts(phone, user, version)
    sid = r.add(cid, contact(version, "A", "B", "stays", CompanyName="goes", Email1Address="goes@example.org"))
    r.change(cid, sid, [C.FirstName("A"), C.LastName("C"), C.FileAs("C, A")])
    (o,) = user.objects("contacts")
    assert o["last_name"] == "C" and not o.get("company") and not o.get("email1") and o.get("note") == "stays", o


@every()
def test_fm40_ghosted_properties_stay(phone, user, version):
    """Supported lists what the phone owns; the rest is kept when a Change leaves it out."""
    r = phone(version, user=user)
    cid = r.folder(9)
    r.open(cid).supported = [C.FirstName(), C.LastName(), C.FileAs(), C.JobTitle()]
    r.sync(cid)
    oid = user.new("contacts", first_name="A", last_name="B", company="stays", position="goes", display_name="B, A")
    r.sync(cid)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, [C.FirstName("A"), C.LastName("C"), C.FileAs("C, A")])
    o = user.get("contacts", oid)
    assert o["last_name"] == "C" and o.get("company") == "stays" and not o.get("position"), o


@every()
def test_empty_supported_ghosts_all(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.open(cid).supported = []
    r.sync(cid)
    oid = user.new("contacts", first_name="A", last_name="B", company="stays", display_name="B, A")
    r.sync(cid)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, [C.LastName("C")])
    o = user.get("contacts", oid)
    assert (o["first_name"], o["last_name"], o["company"]) == ("A", "C", "stays")
    r.change(cid, sid, [C.CompanyName()])
    assert not user.get("contacts", oid).get("company")


@every()
@pytest.mark.parametrize("sent", ["1980-02-25T00:00:00.000Z", "1980-02-25T12:00:00.000Z", "1980-02-24T23:00:00.000Z"])
def test_fm42_birthday_is_a_date(phone, user, version, sent):
    """Midnight, noon, or the evening before in UTC: the same day in OX, and the same day comes back."""
    r, cid = contacts(phone, user, version)
    sid = r.add(cid, contact(version, "Geb", "Tag", Birthday=sent))
    (o,) = user.objects("contacts")
    assert o["birthday"] == DAY, o["birthday"]
    other = phone(version, user=user)
    other.sync(other.folder(9))
    (data,) = other.collections[other.folder(9)].items.values()
    assert data.val("Birthday")[:10] == "1980-02-25" and sid


@every()
def test_categories(phone, user, version):
    r, cid = contacts(phone, user, version)
    sid = r.add(cid, [C.LastName("Kat"), C.FileAs("Kat"), C.Categories(C.Category("Familie"), C.Category("Sport"))])
    (o,) = user.objects("contacts")
    assert [c.strip() for c in o["categories"].split(",")] == ["Familie", "Sport"]
    user.update("contacts", o["id"], categories="Familie")
    r.sync(cid)
    assert [c.text for c in r.collections[cid].items[sid].all("Categories/Category")] == ["Familie"]


@every()
def test_address_with_display_name(phone, user, version):
    r, cid = contacts(phone, user, version)
    r.add(cid, contact(version, "A", "B", Email1Address='"A B" <ab@example.org>'))
    assert user.objects("contacts")[0]["email1"] in ("ab@example.org", '"A B" <ab@example.org>')


@every()
def test_fm41_characters_xml_forbids(phone, user, version):
    """The decoder of the client refuses such a document; the item must arrive without them."""
    user.new("contacts", last_name="A\x01B\x0bC", display_name="x\x08", note="tab\tnew\nline")
    user.new("contacts", last_name="Other", display_name="Other")
    r, cid = contacts(phone, user, version)
    assert len(r.collections[cid].items) == 2


def test_lists_in_ox_do_not_break_the_folder(phone, user):
    """A distribution list has no counterpart; the neighbours arrive."""
    user.new("contacts", display_name="Team", mark_as_distributionlist=True,
             distribution_list=[{"display_name": "ext", "mail": "x@example.net", "mail_field": 0}])
    user.new("contacts", last_name="Real", display_name="Real")
    r, cid = contacts(phone, user, "14.1")
    assert r.find(cid, "Contacts:LastName", "Real")


@every()
def test_not_the_class_of_the_folder(phone, user, version):
    """A broken item fails alone; the turn goes on."""
    r, cid = contacts(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("bad"), A.ApplicationData(C.Birthday("yesterday"), C.LastName("X"))),
                     A.Add(A.ClientId("good"), A.ApplicationData(*contact(version, "G", "Ood")))])
    assert t.status == "1" and t.response("Add", ClientId="good").val("Status") == "1", t
    assert t.response("Add", ClientId="bad").val("Status") == "6", t
    assert [o["last_name"] for o in user.objects("contacts")] == ["Ood"]
