# SPDX-License-Identifier: Apache-2.0
"""Lost answers: the same key again is answered again, and nothing happens twice (MS-ASCMD 2.2.3.181.4)."""
import pytest

from easlib.items import contact, event, mime, task, when
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A, Contacts as C, Email as E

START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")
MAKE = {"contacts": (9, lambda v, n: contact(v, "F", n)), "tasks": (7, lambda v, n: task(v, n)),
        "calendar": (8, lambda v, n: event(v, n, START, END, uid="uid-" + n))}
NAME = {"contacts": "last_name", "tasks": "title", "calendar": "title"}


def ready(phone, user, version, kind):
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    return r, cid


@every()
@pytest.mark.parametrize("module", sorted(MAKE))
@pytest.mark.parametrize("lose", [1, 4])
def test_fm12_lost_response_no_duplicates(phone, user, version, module, lose):
    """Add, Change and Delete, each repeated; OX holds one item, the phone the same one."""
    kind, make = MAKE[module]
    r, cid = ready(phone, user, version, kind)
    sid = r.add(cid, make(version, "Eins"), lose)
    (o,) = user.objects(module)
    assert o[NAME[module]] == "Eins"
    t = r.change(cid, sid, make(version, "Zwei"), lose)
    assert t.status == "1" and not t.responses and not t.of("Add"), t
    (o,) = user.objects(module)
    assert o[NAME[module]] == "Zwei"
    assert not r.sync(cid)[-1].commands
    t = r.delete(cid, sid, lose)
    assert t.status == "1" and not t.responses and user.objects(module) == [], t
    assert not r.sync(cid)[-1].commands


@every()
def test_fm13_repeated_add_gets_the_same_server_id(phone, user, version):
    r, cid = ready(phone, user, version, 9)
    c = r.collections[cid]
    req = r.request(c, [A.Add(A.ClientId("same"), A.ApplicationData(*contact(version, "A", "B")))])
    turns = [Turn(r.device.sync(req), cid) for _ in range(4)]
    ids = {t.response("Add", ClientId="same").val("ServerId") for t in turns}
    assert len(ids) == 1 and {t.status for t in turns} == {"1"} and len(user.objects("contacts")) == 1
    r.apply(c, turns[-1])
    assert not r.turn(cid).of("Add")


@every()
def test_fm12_lost_server_changes(phone, user, version):
    """What the server sent and nobody saw comes again, once; the phone ends equal to OX."""
    r, cid = ready(phone, user, version, 2)
    for i in range(5):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    r.open(cid).window = "2"
    r.sync(cid, lose=2)
    assert r.texts(cid, "Email:Subject") == [f"M{i}" for i in range(5)]
    ids = [m["id"] for m in user.mails()]
    user.delete_mail(ids[0])
    user.flag(ids[1], 32)
    r.sync(cid, lose=3)
    assert len(r.collections[cid].items) == 4
    assert sum(d.val("Read") == "1" for d in r.collections[cid].items.values()) == 1


@every()
def test_change_in_ox_between_the_repeats(phone, user, version):
    """The second answer may hold more than the first; the phone must still end equal to OX."""
    r, cid = ready(phone, user, version, 9)
    one = user.new("contacts", last_name="A", display_name="A")
    two = user.new("contacts", last_name="B", display_name="B")
    req = r.request(r.collections[cid])
    r.device.sync(req)
    user.update("contacts", one, last_name="A2")
    user.delete("contacts", two)
    user.new("contacts", last_name="C", display_name="C")
    t = Turn(r.device.sync(req), cid)
    r.apply(r.collections[cid], t)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A2", "C"]


@every()
def test_other_commands_under_a_repeated_key(phone, user, version):
    """The phone gave up, its owner edited on, and the old key comes with another body."""
    r, cid = ready(phone, user, version, 9)
    c = r.collections[cid]
    first = A.Add(A.ClientId("one"), A.ApplicationData(*contact(version, "A", "One")))
    second = A.Add(A.ClientId("two"), A.ApplicationData(*contact(version, "A", "Two")))
    r.device.sync(r.request(c, [first]))
    t = Turn(r.device.sync(r.request(c, [first, second])), cid)
    assert t.status == "1" and {x.val("ClientId") for x in t.responses} == {"one", "two"}, t
    r.apply(c, t)
    assert sorted(o["last_name"] for o in user.objects("contacts")) == ["One", "Two"]
    assert not r.turn(cid).of("Add")


@every()
def test_stale_and_forged_keys(phone, user, version):
    """Only N and N-1 are keys; the answer for others is 3 and nothing else."""
    r, cid = ready(phone, user, version, 9)
    old = r.collections[cid].key
    for i in range(3):
        user.new("contacts", last_name=str(i), display_name=str(i))
        r.sync(cid)
    good = r.collections[cid].key
    for key in (old, "nonsense", "1", "-1", good + "0", good[:-1], good + "\u00e4", "x" * 64, "x" * 900, ""):
        t = Turn(r.device.sync(r.device.collection(key, cid, "Contacts", get_changes="1")), cid)
        assert t.status == "3" or t.status == "4" and not 0 < len(key) <= 64, (key, t)
        assert not t.commands
    assert r.turn(cid).status == "1", "refusals must not move the good key"


@every()
def test_key_of_another_collection(phone, user, version):
    r, cid = ready(phone, user, version, 9)
    other = r.folder(7)
    r.sync(other)
    t = Turn(r.device.sync(r.device.collection(r.collections[cid].key, other, "Tasks", get_changes="1")), other)
    assert t.status == "3", t
    assert r.turn(other).status == "1"


@every()
def test_fm14_key_0_twice(phone, user, version):
    """iOS starts a folder twice within seconds; both answers give a key, and the last one works."""
    user.new("contacts", last_name="A", display_name="A")
    r = phone(version, user=user)
    cid = r.folder(9)
    keys = []
    for _ in range(2):
        r.open(cid).key = "0"
        r.turn(cid)
        keys.append(r.open(cid).key)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A"] and all(keys)


@every()
def test_start_over(phone, user, version):
    """Key 0 in the middle of life gives everything again, with the same ids."""
    for n in "ABC":
        user.new("contacts", last_name=n, display_name=n)
    r, cid = ready(phone, user, version, 9)
    before = set(r.collections[cid].items)
    c = r.collections[cid]
    c.key, c.items = "0", {}
    r.sync(cid)
    assert set(c.items) == before


@every()
def test_conflict_server_wins(phone, user, version):
    """Both sides changed one field: Status 7, and the server's version follows."""
    oid = user.new("contacts", first_name="F", last_name="L", display_name="L, F")
    r, cid = ready(phone, user, version, 9)
    (sid,) = r.collections[cid].items
    user.update("contacts", oid, first_name="Server")
    t = r.change(cid, sid, contact(version, "Phone", "L"))
    assert t.response("Change", ServerId=sid).val("Status") == "7", t
    r.sync(cid)
    assert r.collections[cid].items[sid].val("FirstName") == "Server"
    assert user.get("contacts", oid)["first_name"] == "Server"


@every()
def test_conflict_client_wins(phone, user, version):
    oid = user.new("contacts", first_name="F", last_name="L", display_name="L, F")
    r, cid = ready(phone, user, version, 9)
    (sid,) = r.collections[cid].items
    user.update("contacts", oid, first_name="Server")
    opts = r.default_options(r.collections[cid])
    opts.children.append(A.Conflict("0"))
    r.change(cid, sid, contact(version, "Phone", "L"), options=opts)
    r.sync(cid)
    assert user.get("contacts", oid)["first_name"] == "Phone"
    assert r.collections[cid].items[sid].val("FirstName") == "Phone"


@every()
def test_different_fields_are_merged(phone, user, version):
    oid = user.new("contacts", first_name="F", last_name="L", display_name="L, F", company="Alt")
    r, cid = ready(phone, user, version, 9)
    (sid,) = r.collections[cid].items
    user.update("contacts", oid, company="Vom Server")
    r.change(cid, sid, [C.FirstName("Vom Telefon"), C.LastName("L"), C.FileAs("L, F"), C.CompanyName("Alt")])
    r.sync(cid)
    o = user.get("contacts", oid)
    assert (o["first_name"], o["company"]) == ("Vom Telefon", "Vom Server")
    data = r.collections[cid].items[sid]
    assert (data.val("FirstName"), data.val("CompanyName")) == ("Vom Telefon", "Vom Server")


@every()
def test_two_phones_and_ox_end_equal(phone, user, version):
    one, two = phone(version, user=user), phone("14.1", user=user)
    cid = one.folder(9)
    for r in (one, two):
        r.sync(cid)
    one.add(cid, contact(version, "von", "Eins"))
    two.add(cid, contact("14.1", "von", "Zwei"))
    user.new("contacts", last_name="OX", display_name="OX")
    for r in (one, two, one):
        r.sync(cid)
    want = ["Eins", "OX", "Zwei"]
    assert one.texts(cid, "Contacts:LastName") == two.texts(cid, "Contacts:LastName") == want
    assert sorted(o["last_name"] for o in user.objects("contacts")) == want


@every()
def test_read_flag_repeated(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "R"))
    r, cid = ready(phone, user, version, 2)
    (sid,) = r.collections[cid].items
    t = r.change(cid, sid, [E.Read("1")], lose=3)
    assert t.status == "1" and not t.responses and not t.commands and user.mails()[0]["flags"] & 32, t
