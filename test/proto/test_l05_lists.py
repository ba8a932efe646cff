# SPDX-License-Identifier: Apache-2.0
"""What OX keeps with contacts that a phone cannot hold, or need not be told again: lists, and pictures."""
import base64

from easlib.items import contact
from easlib.mark import every
from easlib.wbxml import AirSync as A

from test_d01_contacts import contacts

MEMBERS = [{"display_name": "ext", "mail": "x@example.net", "mail_field": 0},
           {"display_name": "zwei", "mail": "y@example.net", "mail_field": 0}]


@every()
def test_lists_are_never_seen_nor_killed(phone, user, version):
    """A phone that edits and deletes all it has, and what it only guesses, leaves the list as it is."""
    oid = user.new("contacts", display_name="Team", mark_as_distributionlist=True, distribution_list=MEMBERS)
    user.new("contacts", last_name="Real", display_name="Real")
    before = user.get("contacts", oid)
    r, cid = contacts(phone, user, version)
    items = r.collections[cid].items
    (sid,) = items
    assert oid not in sid.split(":")
    guess = sid.rsplit(":", 1)[0] + ":" + oid
    t = r.turn(cid, [A.Delete(A.ServerId(guess)), A.Change(A.ServerId(guess), A.ApplicationData(*contact(version, "x", "y")))])
    assert t.status == "1" and t.response("Change", ServerId=guess).val("Status") == "8", t
    r.delete(cid, sid)
    assert user.get("contacts", oid) == before and user.ids("contacts") == [oid]
    user.update("contacts", oid, display_name="Team 2")
    r.sync(cid)
    assert not r.collections[cid].items


@every()
def test_unchanged_pictures_are_not_sent_again(phone, user, version):
    r, cid = contacts(phone, user, version)
    photo = b"\xff\xd8\xff" + bytes(range(200)) * 20
    sid = r.add(cid, contact(version, "Anna", "Bild") + [picture(photo)])
    (o,) = user.objects("contacts")
    assert o["number_of_images"] == 1
    second = contacts(phone, user, version)[0]
    (data,) = second.collections[cid].items.values()
    assert base64.b64decode(data.val("Contacts:Picture")) == photo
    user.update("contacts", o["id"], first_name="Anne")
    t = second.turn(cid)
    change = t.of("Change")[sid]
    assert change.val("Contacts:FirstName") == "Anne" and "Contacts:Picture" not in change
    assert user.get("contacts", o["id"])["number_of_images"] == 1
    user.update("contacts", o["id"], image1=None)
    change = second.turn(cid).of("Change")[sid]
    assert "Contacts:Picture" in change and change.val("Contacts:Picture") in ("", None)


def picture(data):
    from easlib.wbxml import Contacts as C
    return C.Picture(base64.b64encode(data).decode())
