# SPDX-License-Identifier: Apache-2.0
"""Sync as a protocol: keys, order, empty and partial requests, statuses (MS-ASCMD 2.2.1.21)."""
import pytest

from easlib.client import Answer
from easlib.items import contact, mime
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A, AirSyncBase as B, Contacts as C, FolderHierarchy as F


def status(answer):
    """The one Status of a refusal, wherever the version puts it."""
    assert isinstance(answer, Answer) and answer.status == 200 and answer.doc is not None, answer
    found = {s for s in [answer.code, *[c.val("Status") for c in answer.doc.all("Collections/Collection")]] if s}
    assert len(found) == 1, answer
    return found.pop()


def ready(phone, user, version, kind=9):
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    return r, cid, r.collections[cid].key


@every()
def test_key_0_gives_a_key_and_nothing_else(phone, user, version):
    user.new("contacts", last_name="A", display_name="A")
    r = phone(version, user=user)
    cid = r.folder(9)
    (c,) = r.device.sync(r.device.collection("0", cid, "Contacts")).doc.all("Collections/Collection")
    tags = [e.tag for e in c]
    assert set(tags) - {"Class"} == {"SyncKey", "CollectionId", "Status"} and c.val("Status") == "1"
    assert ("Class" in tags) == (float(version) < 12.1)
    assert c.val("SyncKey") not in ("", "0") and len(c.val("SyncKey")) <= 64


@every()
def test_get_changes_with_key_0(phone, version):
    r = phone(version)
    cid = r.folder(9)
    for value, want in (("0", "1"), ("1", "4"), ("", "4")):
        a = r.device.sync(r.device.collection("0", cid, "Contacts", get_changes=value))
        assert status(a) == want, (value, a)


@every()
def test_get_changes_0_keeps_changes_back(phone, user, version):
    r, cid, key = ready(phone, user, version)
    user.new("contacts", last_name="A", display_name="A")
    t = r.turn(cid, get_changes="0")
    assert t.status == "1" and not t.commands, t
    t = r.turn(cid, get_changes=None)
    assert len(t.of("Add")) == 1, t


@every()
def test_commands_with_key_0(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    add = A.Add(A.ClientId("1"), A.ApplicationData(*contact(version, "A", "B")))
    a = r.device.sync(r.device.collection("0", cid, "Contacts", commands=[add]))
    assert status(a) == "4" and user.objects("contacts") == [], a


@every("12.1")
def test_nothing_new_is_an_empty_answer(phone, user, version):
    r, cid, key = ready(phone, user, version)
    a = r.device.sync(r.request(r.collections[cid]))
    assert a.status == 200 and a.body == b"" and a.header("Content-Length") == "0", a


@every("2.5", "12.0")
def test_nothing_new_before_12_1(phone, user, version):
    """A client of that age may not know the empty answer; either way no command is in it."""
    r, cid, key = ready(phone, user, version)
    t = r.turn(cid)
    assert t.status == "1" and not t.commands and not t.responses


@every("12.1")
def test_empty_answer_is_empty_with_compression(phone, user, version):
    r, cid, key = ready(phone, user, version)
    a = r.device.cmd("Sync", A.Sync(A.Collections(r.request(r.collections[cid]))), headers={"Accept-Encoding": "gzip"})
    assert a.status == 200 and a.body == b"" and a.header("Content-Length") == "0"
    assert a.header("Content-Encoding") is None


@every()
def test_full_answer_may_be_compressed(phone, user, version):
    r = phone(version, user=user)
    a = r.device.cmd("FolderSync", F.FolderSync(F.SyncKey("0")), headers={"Accept-Encoding": "gzip"})
    assert a.code == "1" and len(a.doc.all("Changes/Add")) >= 8


@every("12.1")
def test_empty_request_without_cache(phone, version):
    assert status(phone(version).device.sync()) == "13"


@every("12.1")
def test_empty_request_repeats_the_last(phone, user, version):
    r, cid, key = ready(phone, user, version)
    a = r.device.sync()
    assert a.status == 200 and a.body == b"", a
    user.new("contacts", last_name="A", display_name="A")
    t = Turn(r.device.sync(), cid)
    assert len(t.of("Add")) == 1, t
    r.apply(r.collections[cid], t)
    a = r.device.sync()
    assert a.body == b"" or status(a) == "13", "an answer with changes may have got lost: only the phone knows"
    assert not r.turn(cid).commands
    assert r.device.sync().body == b""


@every("12.1")
def test_partial(phone, user, version):
    r, cid, key = ready(phone, user, version)
    other = r.folder(7)
    r.sync(other)
    r.device.sync(r.request(r.collections[cid]), r.request(r.collections[other]))
    user.new("contacts", last_name="A", display_name="A")
    a = r.device.sync(r.request(r.collections[other]), partial=True)
    t = Turn(a, cid)
    assert len(t.of("Add")) == 1, a


@every("12.1")
@pytest.mark.parametrize("kw,want", [({"partial": True}, "4"), ({"partial": True, "window": "10"}, "13"),
                                     ({"window": "10"}, "4")],
                         ids=["partial alone", "partial without cache", "no collections"])
def test_partial_refused(phone, version, kw, want):
    d = phone(version).device
    a = d.sync(**kw) if kw != {"partial": True} else d.cmd("Sync", A.Sync(A.Partial()))
    assert status(a) == want, a


@every("12.1")
@pytest.mark.parametrize("wait,limit", [("0", "1"), ("60", "59"), ("999", "59")])
def test_wait_out_of_range(phone, user, version, wait, limit):
    r, cid, key = ready(phone, user, version)
    a = r.device.sync(r.request(r.collections[cid]), wait=wait)
    assert (a.code, a.doc.val("Limit")) == ("14", limit) and "Collections" not in a.doc, a


@every("14.0")
def test_heartbeat_out_of_range(phone, user, version):
    r, cid, key = ready(phone, user, version)
    for value, low in (("0", True), ("3541", False)):
        a = r.device.sync(r.request(r.collections[cid]), heartbeat=value)
        limit = int(a.doc.val("Limit"))
        assert a.code == "14" and "Collections" not in a.doc and (limit <= 60 if low else 480 <= limit <= 3540), a
    assert status(r.device.sync(r.request(r.collections[cid]), heartbeat="100", wait="5")) == "4"


def disorder(version, cid, key):
    """Collections whose elements stand in the wrong order."""
    k, i, w, g = A.SyncKey(key), A.CollectionId(cid), A.WindowSize("5"), A.GetChanges("1")
    o = A.Options(A.FilterType("0"))
    yield "id before key", [i, k]
    yield "window before GetChanges", [k, i, w, g]
    yield "options before window", [k, i, o, w]
    yield "commands before options", [k, i, A.Commands(A.Delete(A.ServerId("x"))), o]
    yield "DeletesAsMoves behind GetChanges", [k, i, g, A.DeletesAsMoves("1")]
    yield "no key", [i, g]
    yield "no id", [k, g]
    yield "key twice", [k, k, i]


@every("12.1")
@pytest.mark.parametrize("row", range(8))
def test_order_of_elements(phone, user, version, row):
    r, cid, key = ready(phone, user, version)
    name, parts = list(disorder(version, cid, key))[row]
    a = r.device.cmd("Sync", A.Sync(A.Collections(A.Collection(*parts))))
    assert status(a) == "4", (name, a)
    assert r.turn(cid).status == "1", "a refused request leaves the key good"


@every("12.0")
@pytest.mark.parametrize("prefs", [
    [B.BodyPreference(B.Type("1")), B.BodyPreference(B.Type("1"))],
    [B.BodyPreference(B.TruncationSize("10"), B.Type("1"))],
    [B.BodyPreference(B.TruncationSize("10"))],
    [B.BodyPreference(B.Type("9"))],
    [B.BodyPreference(B.Type("1"), B.TruncationSize("-5"))],
    [B.BodyPreference(B.Type("1"), B.TruncationSize("many"))],
], ids=["twice", "order", "no type", "type 9", "negative", "text"])
def test_body_preference(phone, user, version, prefs):
    r, cid, key = ready(phone, user, version, 2)
    a = r.device.sync(r.device.collection(key, cid, "Email", options=A.Options(*prefs)))
    assert status(a) == "4", a


@every()
@pytest.mark.parametrize("kind,filt,want", [(2, "8", "4"), (2, "6", "4"), (2, "77", "4"), (2, "x", "4"),
                                            (7, "3", "4"), (8, "1", "4"), (9, "4", None), (9, "0", None),
                                            (2, "5", None), (8, "7", None), (7, "8", None)])
def test_filter_type(phone, user, version, kind, filt, want):
    r, cid, key = ready(phone, user, version, kind)
    t = r.turn(cid, options=A.Options(A.FilterType(filt)))
    assert t.status in ((want, "110", "103") if want else ("1",)), t
    assert float(version) >= 14 or t.status in ("1", "4")


@every("14.0")
def test_conversation_mode_only_on_mail(phone, user, version):
    r, cid, key = ready(phone, user, version)
    assert status(r.device.sync(r.device.collection(key, cid, conversation="1"))) == "4"


@every("14.0")
def test_fm25_options_of_sms(phone, user, version):
    """A server without SMS must not fail the mail; other mixes are errors."""
    r, cid, key = ready(phone, user, version, 2)
    user.deliver(mime("b@example.org", user.address, "Mail"))
    two = [A.Options(A.Class("Email"), A.FilterType("0")), A.Options(A.Class("SMS"), A.FilterType("0"))]
    t = r.turn(cid, options=two)
    assert t.status == "1" and len(t.of("Add")) == 1, t
    for mix in ([A.Options(A.Class("Email")), A.Options(A.Class("Email"))],
                [A.Options(A.Class("Email")), A.Options(A.Class("Tasks"))]):
        assert r.turn(cid, options=mix).status == "4"


@every()
def test_too_many_commands(phone, user, version):
    r, cid, key = ready(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId(str(i)), A.ApplicationData(C.LastName(str(i)), C.FileAs("x")))
                     for i in range(201)])
    assert t.status == "4" and user.objects("contacts") == [], t


@every()
def test_many_commands_in_one_request(phone, user, version):
    r, cid, key = ready(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId(str(i)), A.ApplicationData(C.LastName(f"n{i}"), C.FileAs("x")))
                     for i in range(60)])
    ids = {x.val("ServerId") for x in t.responses}
    assert t.status == "1" and len(ids) == 60 and all(x.val("Status") == "1" for x in t.responses)
    assert len(user.ids("contacts")) == 60 and not r.turn(cid).of("Add")


@every()
def test_unknown_collection(phone, version):
    """With key 0 the hierarchy is old (12); with another key the key is bad (3), or iOS loops (fm17)."""
    d = phone(version).device
    assert status(d.sync(d.collection("0", "no-such-folder", "Contacts"))) in ("12", "8")
    assert status(d.sync(d.collection("12345", "no-such-folder", "Contacts"))) == "3"


@every()
@pytest.mark.parametrize("key,answers", [("12345", "3 3 3 12 12 503 503"), ("0", "12 12 3 12 12 503 503")])
def test_fm16_no_answer_is_taken(phone, version, key, answers):
    """A device that goes on as if nothing had been said is told otherwise, has to get its folders anew, is slowed."""
    r = phone(version)
    d = r.device
    for i, want in enumerate(answers.split()):
        a = d.sync(d.collection(key, "no-such-folder", "Contacts"))
        assert (str(a.status) if a.status != 200 else status(a)) == want, (i, a)
        if want == "503":
            assert int(a.header("Retry-After")) > 0
    assert d.foldersync(r.folder_key).code == "9"
    r.folder_key = "0"
    r.foldersync()
    cid = r.folder(9)
    r.sync(cid)
    assert d.foldersync(r.folder_key).code == "1"


@every()
def test_folder_deleted_in_ox(phone, user, version):
    fid = user.new_folder("Bald weg", "contacts")
    r = phone(version, user=user)
    cid = r.folder_named("Bald weg")
    r.sync(cid)
    user.delete_folder(fid)
    t = r.turn(cid)
    assert t.status in ("12", "3", "8") and not t.of("Delete"), t
    r.foldersync()
    assert cid not in r.folders


@every()
def test_unknown_server_ids(phone, user, version):
    r, cid, key = ready(phone, user, version)
    data = A.ApplicationData(*contact(version, "A", "B"))
    for sid in (f"{cid}:99999", "rubbish", "x" * 300):
        t = r.turn(cid, [A.Change(A.ServerId(sid), data)])
        assert t.status == "1" and t.response("Change", ServerId=sid).val("Status") == "8", (sid, t)
    t = r.turn(cid, [A.Delete(A.ServerId(f"{cid}:99999"))])
    gone = t.response("Delete", ServerId=f"{cid}:99999")
    assert t.status == "1" and (gone is None or gone.val("Status") == "8"), t
    t = r.turn(cid, [A.Fetch(A.ServerId(f"{cid}:99999"))])
    assert t.response("Fetch", ServerId=f"{cid}:99999").val("Status") == "8", t


@every()
def test_item_deleted_in_ox_and_changed_on_the_phone(phone, user, version):
    """Status 8 and a Delete, or the change brings the item back; the two sides end equal."""
    r, cid, key = ready(phone, user, version)
    sid = r.add(cid, contact(version, "A", "B"))
    (o,) = user.objects("contacts")
    user.delete("contacts", o["id"])
    r.change(cid, sid, contact(version, "A", "C"))
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == sorted(x["last_name"] for x in user.objects("contacts"))


@every()
@pytest.mark.parametrize("window,first", [("0", 130), (None, 100), ("600", 130), ("1", 1), ("512", 130)])
def test_window_size(phone, user, version, window, first):
    for i in range(130):
        user.new("contacts", last_name=f"n{i}", display_name=f"n{i}")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.turn(cid)
    t = r.turn(cid, window=window)
    assert len(t.of("Add")) == first and t.more == (first < 130)
    r.open(cid).window = "100"
    r.sync(cid)
    assert len(r.collections[cid].items) == 130


@every()
@pytest.mark.parametrize("window", ["-1", "x", "99999999999999999999"])
def test_window_size_of_rubbish(phone, user, version, window):
    r, cid, key = ready(phone, user, version)
    t = r.turn(cid, window=window)
    assert t.status == "4" or window.isdigit() and t.status == "1", t


@every()
def test_several_collections(phone, user, version):
    """One bad folder does not spoil the others (fm25)."""
    r, cid, key = ready(phone, user, version)
    other = r.folder(7)
    r.sync(other)
    user.new("contacts", last_name="A", display_name="A")
    a = r.device.sync(r.device.collection("999", other, "Tasks", get_changes="1"), r.request(r.collections[cid]))
    by = {c.val("CollectionId"): c for c in a.doc.all("Collections/Collection")}
    assert by[other].val("Status") == "3" and len(by[cid].all("Commands/Add")) == 1, a


@every()
def test_too_many_collections(phone, version):
    """A bound with a number, or one answer per collection; never a fault."""
    d = phone(version).device
    a = d.sync(*[d.collection("0", f"f{i}", "Contacts") for i in range(2000)])
    if a.code == "15":
        assert 0 < int(a.doc.val("Limit")) < 2000
    else:
        assert a.status == 400 or a.code == "4" or len(a.doc.all("Collections/Collection")) == 2000, str(a)[:400]


@every()
def test_class_missing_up_to_12_0(phone, user, version):
    """Obligatory in 2.5 and 12.0, tolerated when the folder says it all; absent later."""
    r, cid, key = ready(phone, user, version)
    a = r.device.sync(r.device.collection(key, cid, None, get_changes="1"))
    assert a.status == 200 and (a.doc is None or status(a) in ("1", "4")), a
    if float(version) >= 12.1:
        assert a.doc is None or status(a) == "1"
