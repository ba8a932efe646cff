# SPDX-License-Identifier: Apache-2.0
"""What a Sync says about a folder and what sticks to it: Options, Supported, GetChanges, DeletesAsMoves, Fetch, Class,
waiting (MS-ASCMD 2.2.3.125, 2.2.3.174, 2.2.3.82)."""
import threading
import time

import pytest

from easlib.client import Device
from easlib.items import contact, event, mime, task, when
from easlib.mark import every
from easlib.replica import Turn, body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar, Contacts as C, Email as E

LONG = "Ein langer Text. " * 40
START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")


def opened(phone, user, version, kind, **kw):
    r = phone(version, user=user)
    cid = r.folder(kind)
    for name, value in kw.items():
        setattr(r.open(cid), name, value)
    r.sync(cid)
    return r, cid


def plain(r, cid, **kw):
    """A turn that says nothing of options."""
    c = r.collections[cid]
    t = Turn(r.device.sync(r.device.collection(c.key, cid, c.cls, get_changes="1", **kw)), cid)
    r.apply(c, t)
    return t


# ---- Options stick ---------------------------------------------------------------------------------------

@every()
def test_filter_sticks(phone, user, version):
    """Sent once, it holds until another one comes; with key 0 it is forgotten."""
    for age in (0, 10):
        user.deliver_aged(mime("b@example.org", user.address, f"M{age}"), age)
    r, cid = opened(phone, user, version, 2, filter="3")
    assert r.texts(cid, "Email:Subject") == ["M0"]
    user.deliver_aged(mime("b@example.org", user.address, "M9"), 9)
    assert not plain(r, cid).commands
    plain(r, cid, options=A.Options(A.FilterType("0")))
    assert r.texts(cid, "Email:Subject") == ["M0", "M10", "M9"]
    assert not plain(r, cid).commands
    plain(r, cid, options=A.Options(A.Conflict("1")))  # a new block is a whole block: no filter in it is none
    assert len(r.collections[cid].items) == 3
    plain(r, cid, options=A.Options(A.FilterType("3")))
    assert r.texts(cid, "Email:Subject") == ["M0"]
    r.collections[cid].key, r.collections[cid].items = "0", {}
    r.turn(cid)
    plain(r, cid)
    assert r.texts(cid, "Email:Subject") == ["M0", "M10", "M9"]


@every("12.0")
def test_body_preference_sticks_and_is_replaced_as_a_block(phone, user, version):
    r, cid = opened(phone, user, version, 2)

    def arrives(n, **kw):
        user.deliver(mime("b@example.org", user.address, f"M{n}", LONG))
        (data,) = plain(r, cid, **kw).of("Add").values()
        return len(body_text(data))
    short = A.Options(A.FilterType("0"), B.BodyPreference(B.Type("1"), B.TruncationSize("10")))
    assert arrives(1, options=short) == 10
    assert arrives(2) == 10
    assert arrives(3, options=A.Options(A.FilterType("0"), B.BodyPreference(B.Type("1"), B.TruncationSize("20")))) == 20
    assert arrives(4) == 20
    if float(version) >= 12.1:  # the same from an empty request
        user.deliver(mime("b@example.org", user.address, "M5", LONG))
        assert plain(r, cid).status == "1"
        user.deliver(mime("b@example.org", user.address, "M6", LONG))
        plain(r, cid)
        plain(r, cid)
        user.deliver(mime("b@example.org", user.address, "M7", LONG))
        (data,) = Turn(r.device.sync(), cid).of("Add").values()
        assert len(body_text(data)) == 20


@every("12.0")
def test_options_of_one_folder_are_not_those_of_another(phone, user, version):
    r = phone(version, user=user)
    mails, tasks = r.folder(2), r.folder(7)
    for cid in (mails, tasks):
        r.sync(cid)
    user.deliver(mime("b@example.org", user.address, "M", LONG))
    user.new("tasks", title="T", note=LONG)
    a = r.device.sync(
        r.device.collection(r.collections[mails].key, mails, "Email", get_changes="1", options=A.Options(
            B.BodyPreference(B.Type("1"), B.TruncationSize("7")))),
        r.device.collection(r.collections[tasks].key, tasks, "Tasks", get_changes="1", options=A.Options(
            B.BodyPreference(B.Type("1"), B.TruncationSize("9")))))
    sizes = [len(body_text(d)) for cid in (mails, tasks) for d in Turn(a, cid).of("Add").values()]
    assert sizes == [7, 9], a


@every("14.0")
def test_options_of_sms_beside_those_of_mail(phone, user, version):
    """Each class has its block; one for SMS, which is not here, touches nothing of the mail's and is checked all the
    same."""
    user.deliver_aged(mime("b@example.org", user.address, "M10"), 10)
    r, cid = opened(phone, user, version, 2, filter="0")
    sms = A.Options(A.Class("SMS"), A.FilterType("3"))
    mail = A.Options(A.Class("Email"), A.FilterType("0"), B.BodyPreference(B.Type("1"), B.TruncationSize("5")))
    for blocks in ([mail, sms], [sms, mail], [sms]):
        t = plain(r, cid, options=blocks)
        assert t.status == "1" and not t.commands, t
    user.deliver(mime("b@example.org", user.address, "M", LONG))
    (data,) = plain(r, cid).of("Add").values()
    assert len(body_text(data)) == 5, "the mail's block has outlived the one for SMS"
    for blocks in ([sms, sms], [mail, mail], [mail, sms, sms], [A.Options(A.Class("SMS"), A.FilterType("8"))],
                   [mail, A.Options(A.Class("Calendar"))], [A.Options(A.Class("SMS"), A.MaxItems("3"))]):
        assert plain(r, cid, options=blocks).status == "4", blocks
    t = r.turn(cid, [A.Add(A.Class("SMS"), A.ClientId("s"), A.ApplicationData(E.To("1234"), E.Read("1")))])
    refused = t.response("Add", ClientId="s")
    assert (refused.val("Status"), refused.val("Class")) == ("6", "SMS") and refused.children[0].tag == "Class", t


@every("14.0")
def test_conversation_mode(phone, user, version):
    """Taken for mail folders, in its place and as a boolean."""
    r, cid = opened(phone, user, version, 2)
    for value in ("0", "1", ""):
        assert plain(r, cid, conversation=value).status == "1"
    assert plain(r, cid, conversation="2").status == "4"
    r.sync(r.folder(8))
    assert plain(r, r.folder(8), conversation="0").status == "4"


@every("2.5", "12.1")
def test_conversation_mode_before_14(phone, user, version):
    """The element does not exist yet."""
    r, cid = opened(phone, user, version, 2)
    a = r.device.sync(r.device.collection(r.collections[cid].key, cid, "Email", conversation="1"))
    assert a.status == 400 or a.code == "4", a
    assert plain(r, cid).status == "1"


# ---- Supported -------------------------------------------------------------------------------------------

@every()
@pytest.mark.parametrize("supported,left", [
    (None, {}), ([], {"company": "Firma", "email1": "a@example.org"}),
    ([C.CompanyName()], {"email1": "a@example.org"}), ([C.Email1Address()], {"company": "Firma"}),
    ([C.CompanyName(), C.Email1Address()], {})], ids=["none", "empty", "company", "mail", "both"])
def test_supported(phone, user, version, supported, left):
    """What the device does not know of stays, what it knows and leaves out goes."""
    r, cid = opened(phone, user, version, 9, supported=supported)
    oid = user.new("contacts", first_name="F", last_name="L", display_name="L", company="Firma", email1="a@example.org")
    r.sync(cid)
    (sid,) = r.collections[cid].items
    for name in ("M", "N"):
        t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(*contact(version, "F", name)))])
        assert t.status == "1" and not t.responses, t
        o = user.get("contacts", oid)
        assert o["last_name"] == name and {k: o[k] for k in ("company", "email1") if o.get(k)} == left


@every()
def test_supported_later_is_passed_over(phone, user, version):
    """It belongs to the first request: later ones are no error and change nothing."""
    r, cid = opened(phone, user, version, 9, supported=[])
    oid = user.new("contacts", last_name="L", display_name="L", company="Firma")
    r.sync(cid)
    (sid,) = r.collections[cid].items
    t = plain(r, cid, supported=[C.CompanyName()],
              commands=[A.Change(A.ServerId(sid), A.ApplicationData(*contact(version, "F", "M")))])
    o = user.get("contacts", oid)
    assert t.status == "1" and (o["last_name"], o["company"]) == ("M", "Firma"), t


@every("2.5", "14.1")
def test_supported_of_the_calendar(phone, user, version):
    """Up to 14.1 what is left out is deleted unless it is ghosted."""
    for supported, stays in ((None, False), ([], True), ([Calendar.Subject()], True), ([Calendar.Location()], False)):
        r, cid = opened(phone, user, version, 8, supported=supported)
        oid = user.new("calendar", title="E", start_date=1935651600000, end_date=1935655200000, location="Büro",
                       timezone="UTC")
        r.sync(cid)
        sid = r.find(cid, "Calendar:Subject", "E")[0]
        t = r.change(cid, sid, event(version, "F", START, END))
        assert t.status == "1" and not t.responses, t
        o = user.get("calendar", oid)
        assert o["title"] == "F" and (o.get("location") == "Büro") == stays, (supported, o)
        user.delete("calendar", oid)


@every("16.0")
def test_calendar_of_16_keeps_what_is_left_out(phone, user, version):
    r, cid = opened(phone, user, version, 8)
    oid = user.new("calendar", title="E", start_date=1935651600000, end_date=1935655200000, location="Büro",
                   timezone="UTC")
    r.sync(cid)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, [Calendar.Subject("F")])
    o = user.get("calendar", oid)
    assert (o["title"], o["location"], o["start_date"]) == ("F", "Büro", 1935651600000)


# ---- GetChanges, Fetch, DeletesAsMoves, Class ------------------------------------------------------------------

@every()
def test_get_changes(phone, user, version):
    """Absent and empty mean 1; 0 holds the server's changes back but takes the device's and gives a new key."""
    r, cid = opened(phone, user, version, 7)
    c = r.collections[cid]
    for i, (value, comes) in enumerate(((None, 1), ("", 1), ("1", 1), ("0", 0))):
        user.new("tasks", title=f"T{i}")
        t = r.turn(cid, get_changes=value)
        assert t.status == "1" and len(t.of("Add")) == comes and not t.more, (value, t)
    key = c.key
    t = r.turn(cid, [A.Add(A.ClientId("n"), A.ApplicationData(*task(version, "Neu")))], get_changes="0")
    assert t.response("Add", ClientId="n").val("Status") == "1" and not t.commands and c.key != key, t
    t = r.turn(cid)
    assert [d.val("Subject") for d in t.of("Add").values()] == ["T3"], t


@every()
def test_fetch(phone, user, version):
    """Alone it brings the item and no changes; with GetChanges both; each item in the whole, once, in its order."""
    r, cid = opened(phone, user, version, 7)
    for n in "AB":
        user.new("tasks", title=n, note=LONG)
    r.sync(cid)
    ids = sorted(r.collections[cid].items)
    user.new("tasks", title="C")
    fetch = [A.Fetch(A.ServerId(i)) for i in reversed(ids)]
    t = r.turn(cid, fetch, get_changes=None)
    assert [x.val("ServerId") for x in t.responses] == ids[::-1] and not t.commands, t
    assert all(x.val("Status") == "1" and body_text(x["ApplicationData"]) == LONG.strip() or
               body_text(x["ApplicationData"]) == LONG for x in t.responses), t
    t = r.turn(cid, fetch[:1], get_changes="1")
    assert len(t.responses) == 1 and len(t.of("Add")) == 1, t


@every()
@pytest.mark.parametrize("value,kept", [(None, True), ("", True), ("1", True), ("0", False)])
def test_deletes_as_moves(phone, user, version, value, kept):
    """Mail goes to the trash unless the device says 0; from the trash it goes for good."""
    user.deliver(mime("b@example.org", user.address, "Weg"))
    r, cid = opened(phone, user, version, 2)
    (sid,) = r.collections[cid].items
    r.delete(cid, sid, deletes_as_moves=value)
    assert not user.mails() and len(user.mails("default0/Trash")) == kept
    if kept:
        trash = r.folder(4)
        r.sync(trash)
        (sid,) = r.collections[trash].items
        r.delete(trash, sid, deletes_as_moves=value)
        assert not user.mails("default0/Trash")


@every()
def test_class_of_the_folder(phone, user, version):
    """Named before 12.1 in request and answer, optional in 12.1; a wrong one is an error that harms nothing."""
    user.new("contacts", last_name="A", display_name="A")
    r, cid = opened(phone, user, version, 9)
    key, v = r.collections[cid].key, float(version)
    for cls, good in (("Contacts", True), ("Calendar", False), ("Nonsense", False), ("", False), ("contacts", False)):
        a = r.device.cmd("Sync", A.Sync(A.Collections(A.Collection(
            A.Class(cls), A.SyncKey(key), A.CollectionId(cid)))))
        assert (a.code == "4") != good, (cls, a)
    (c,) = r.device.sync(r.device.collection("0", cid, "Contacts")).doc.all("Collections/Collection")
    order = [e.tag for e in c]
    assert order == (["Class"] if v < 12.1 else []) + ["SyncKey", "CollectionId", "Status"]
    assert c.val("Class") == ("Contacts" if v < 12.1 else None)


@every()
def test_order_of_an_answer(phone, user, version):
    """Class, SyncKey, CollectionId, Status, MoreAvailable, Commands, Responses; own elements in their order."""
    for n in "ABC":
        user.new("tasks", title=n)
    r = phone(version, user=user)
    cid = r.folder(7)
    r.turn(cid)
    c = r.collections[cid]
    a = r.device.sync(r.request(c, [A.Add(A.ClientId("n"), A.ApplicationData(*task(version, "N"))),
                                    A.Delete(A.ServerId(f"{cid}:99999"))], window="2"))
    (e,) = a.doc.all("Collections/Collection")
    want = ["SyncKey", "CollectionId", "Status", "MoreAvailable", "Commands", "Responses"]
    assert [x.tag for x in e] == (["Class"] if float(version) < 12.1 else []) + want, a
    assert {tuple(x.tag for x in y) for y in e["Commands"]} == {("ServerId", "ApplicationData")}
    assert {tuple(x.tag for x in y) for y in e["Responses"] if y.tag == "Add"} == {("ClientId", "ServerId", "Status")}


@every()
def test_only_failures_and_adds_are_answered(phone, user, version):
    """Silence is success: of five commands two are answered."""
    r, cid = opened(phone, user, version, 7)
    one, two = (r.add(cid, task(version, n)) for n in ("Eins", "Zwei"))
    data = A.ApplicationData(*task(version, "Neu"))
    t = r.turn(cid, [A.Change(A.ServerId(one), data), A.Delete(A.ServerId(two)), A.Add(A.ClientId("n"), data),
                     A.Change(A.ServerId(f"{cid}:99999"), data)])
    assert sorted((x.tag, x.val("Status")) for x in t.responses) == [("Add", "1"), ("Change", "8")], t
    assert not t.commands
    t = r.turn(cid)
    assert not t.commands and not t.responses


@every()
def test_read_flag_goes_alone(phone, user, version):
    """What was only read is told as that and nothing more, in both directions (fm27)."""
    mid = user.deliver(mime("b@example.org", user.address, "M", LONG))
    r, cid = opened(phone, user, version, 2)
    (sid,) = r.collections[cid].items
    for set_flags, clear_flags, value in ((32, 0, "1"), (0, 32, "0")):
        user.flag(mid, set_flags, clear_flags)
        (data,) = r.turn(cid).of("Change").values()
        assert [(e.name, e.text) for e in data] == [("Email:Read", value)], data
    t = r.change(cid, sid, [E.Read("1")])
    assert not t.commands and not t.responses and not r.turn(cid).commands and user.mails()[0]["flags"] & 32


# ---- waiting -------------------------------------------------------------------------------------------------

def timed(call):
    began = time.monotonic()
    return call(), time.monotonic() - began


@every("12.1")
def test_wait_ends_with_a_change(phone, user, version):
    """Held until there is something, then answered with it; at once when there is already."""
    r, cid = opened(phone, user, version, 7)
    how = {"heartbeat": "60"} if float(version) >= 14 else {"wait": "1"}
    timer = threading.Timer(0.3, lambda: user.new("tasks", title="T"))
    timer.start()
    a, seconds = timed(lambda: r.device.sync(r.request(r.collections[cid]), timeout=30, **how))
    timer.join()
    t = Turn(a, cid)
    assert 0.2 < seconds < 10 and len(t.of("Add")) == 1, (seconds, a)
    r.apply(r.collections[cid], t)
    user.new("tasks", title="U")
    a, seconds = timed(lambda: r.device.sync(r.request(r.collections[cid]), timeout=30, **how))
    assert seconds < 2 and len(Turn(a, cid).of("Add")) == 1


@every("12.1")
def test_commands_are_not_kept_waiting(phone, user, version):
    """Own changes, a first key, an error: each is answered at once, whatever was to be waited for."""
    r, cid = opened(phone, user, version, 7)
    c = r.collections[cid]

    def prompt(request):
        a, seconds = timed(lambda: r.device.sync(request, wait="5", timeout=30))
        assert seconds < 3, (seconds, a)
        return Turn(a, cid)
    t = prompt(r.request(c, [A.Add(A.ClientId("n"), A.ApplicationData(*task(version, "T")))]))
    r.apply(c, t)
    sid = t.response("Add", ClientId="n").val("ServerId")
    c.items[sid] = A.ApplicationData(*task(version, "T"))
    r.apply(c, prompt(r.request(c, [A.Delete(A.ServerId(sid))])))
    assert prompt(r.device.collection(c.key + "7", cid, "Tasks", get_changes="1")).status == "3"
    assert prompt(r.device.collection("0", cid, "Tasks")).status == "1"


@pytest.mark.parametrize("version", ["14.0", "16.1"])
def test_wait_without_news_is_an_empty_answer(phone, user, version):
    """And an empty request waits as the last one did."""
    r, cid = opened(phone, user, version, 7)
    for request in (r.request(r.collections[cid]), None):
        a, seconds = timed(lambda q=request: r.device.sync(*([q] if q else []), heartbeat="1" if q else None))
        assert 0.5 < seconds < 8 and a.status == 200 and a.body == b"", (seconds, a)


@pytest.mark.parametrize("version", ["12.1", "16.1"])
def test_newer_request_ends_the_one_that_waits(phone, user, version):
    """The device has given it up: it ends, empty, and takes nothing away from the newer one."""
    r, cid = opened(phone, user, version, 7)
    d, out = r.device, []
    other = Device(d.server, d.user, d.password, d.version, d.device_id, d.device_type, d.agent)
    other.policy_key = d.policy_key
    request = r.request(r.collections[cid])
    t = threading.Thread(target=lambda: out.append(timed(lambda: other.sync(request, wait="1", timeout=70))))
    t.start()
    time.sleep(0.4)
    user.new("tasks", title="T")
    assert len(r.turn(cid).of("Add")) == 1
    t.join(20)
    a, seconds = out[0]
    assert seconds < 15 and a.status == 200, (seconds, a)
    assert not r.turn(cid).commands and r.turn(cid).status == "1"
