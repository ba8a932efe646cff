# SPDX-License-Identifier: Apache-2.0
"""ItemOperations: fetching items of all classes, Schema, bodies, multipart; emptying folders (MS-ASCMD 2.2.1.10)."""
import pytest

from easlib.items import html_mime, mime
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E, ItemOperations as I, Search

LONG = "Wörter und mehr Wörter. " * 400


def fetch(r, sid, *options, cid=None, multipart=False, schema=None):
    """(status, Properties, answer) of one item."""
    if schema is not None:
        options += (I.Schema(*schema),)
    a = r.device.itemoperations(
        I.Fetch(I.Store("Mailbox"), A.CollectionId(cid or sid.split(":")[0]), A.ServerId(sid),
                I.Options(*options) if options else None), multipart=multipart)
    assert a.code == "1", a
    f = a.doc["Response/Fetch"]
    assert f.val("ServerId") == sid
    return f.val("Status"), f.get("Properties"), a


def inbox(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid


def only(r, cid):
    (sid,) = r.collections[cid].items
    return sid


@every("12.0")
def test_mail(phone, user, version):
    user.deliver(html_mime("b@example.org", user.address, "Zwei", LONG, f"<p>{LONG}</p>"))
    r, cid = inbox(phone, user, version)
    sid = only(r, cid)
    status, p, a = fetch(r, sid)
    assert status == "1" and p.val("Subject") == "Zwei" and a.doc.val("Response/Fetch/Class") == "Email"
    assert p.val("AirSyncBase:Body/Type") == "2" and LONG in p.val("AirSyncBase:Body/Data"), "no preference: the whole"
    for kind, want in (("1", LONG.strip()), ("2", f"<p>{LONG}</p>")):
        _, p, _ = fetch(r, sid, B.BodyPreference(B.Type(kind)))
        body = p["AirSyncBase:Body"]
        assert body.val("Type") == kind and want in body.val("Data") and "Truncated" not in body
    _, p, _ = fetch(r, sid, B.BodyPreference(B.Type("1"), B.TruncationSize("99")))
    assert p.val("AirSyncBase:Body/Truncated") == "1" and len(p.val("AirSyncBase:Body/Data").encode()) <= 99
    _, p, _ = fetch(r, sid, A.MIMESupport("2"), B.BodyPreference(B.Type("4")))
    data = p["AirSyncBase:Body/Data"].value
    assert b"Subject: Zwei" in (data if isinstance(data, bytes) else data.encode())
    assert not user.mails()[0]["flags"] & 32


@every("12.0")
def test_multipart_body(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "M", LONG))
    r, cid = inbox(phone, user, version)
    status, p, a = fetch(r, only(r, cid), B.BodyPreference(B.Type("1")), multipart=True)
    body = p["AirSyncBase:Body"]
    assert status == "1" and "Data" not in body and body.val("Part") == "1"
    assert a.parts[1].decode().strip() == LONG.strip() and int(body.val("EstimatedDataSize")) == len(a.parts[1])


@every("12.0")
def test_all_classes(phone, user, version):
    """Also what the device has never synced, and what it has filtered away."""
    r = phone(version, user=user)
    start = 1900000000000
    oid = user.new("contacts", first_name="Ada", last_name="Lovelace", display_name="Lovelace, Ada")
    tid = user.new("tasks", title="Aufgabe", status=1, percent_completed=0)
    eid = user.new("calendar", title="Termin", start_date=start, end_date=start + 3600000, timezone="UTC")
    for kind, new, cls, path, want in ((9, oid, "Contacts", "Contacts:LastName", "Lovelace"),
                                       (7, tid, "Tasks", "Tasks:Subject", "Aufgabe"),
                                       (8, eid, "Calendar", "Calendar:Subject", "Termin")):
        cid = r.folder(kind)
        number = new["id"] if isinstance(new, dict) else new
        status, p, a = fetch(r, f"{cid}:{number}")
        assert status == "1" and p.val(path) == want, a
        assert a.doc.val("Response/Fetch/Class") == cls


@every("12.0")
def test_schema(phone, user, version):
    """Only what is asked for, with all that is in it."""
    user.deliver(mime("b@example.org", user.address, "S", "Text"))
    r, cid = inbox(phone, user, version)
    sid = only(r, cid)
    _, p, _ = fetch(r, sid, schema=[E.Subject(), E.To(), E.MessageClass()])
    assert {e.name for e in p} == {"Email:Subject", "Email:To", "Email:MessageClass"}
    _, p, _ = fetch(r, sid, B.BodyPreference(B.Type("1")), schema=[B.Body()])
    assert [e.name for e in p] == ["AirSyncBase:Body"] and p.val("AirSyncBase:Body/Data").strip() == "Text"
    _, p, _ = fetch(r, sid, schema=[])
    assert p is None or not list(p)


@every("12.0")
def test_items_that_are_not_there(phone, user, other_user, version):
    for u in (user, other_user):
        u.deliver(mime("b@example.org", u.address, "M"))
    r, cid = inbox(phone, user, version)
    sid = only(r, cid)
    for bad, folder in ((f"{cid}:999999", cid), ("4711:1", "4711"), (sid, r.folder(3)), ("x", "x"), (f"{cid}:", cid),
                        (f"{cid}:~abcdefghijklmnopqrstuvwxyz0", cid), (f"{cid}:../1", cid)):
        assert fetch(r, bad, cid=folder)[0] == "6", bad
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), A.ServerId(sid)))
    assert a.doc.val("Response/Fetch/Status") == "6", "without its folder"
    for long_id in ("x", "A" * 200, sid):
        a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), Search.LongId(long_id)))
        assert a.doc.val("Response/Fetch/Status") == "6", a


@every("12.0")
def test_wrong_options(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "M"))
    r, cid = inbox(phone, user, version)
    sid = only(r, cid)
    twice = B.BodyPreference(B.Type("1"))
    assert fetch(r, sid, twice, twice)[0] == "2"
    assert fetch(r, sid, I.Range("0-9"))[0] == "2"
    assert fetch(r, sid, A.MIMESupport("7"))[0] == "2"


@every("12.0")
def test_limits_and_unknown_operations(phone, user, version):
    r = phone(version, user=user)
    one = I.Fetch(I.Store("Mailbox"), A.CollectionId("1"), A.ServerId("1:1"))
    assert r.device.itemoperations(*[one] * 101).code == "11"
    a = r.device.itemoperations(*[one] * 100)
    assert a.code == "1" and len(a.doc.all("Response/Fetch")) == 100
    assert r.device.itemoperations().code == "2"
    a = r.device.itemoperations(I.Schema())
    assert a.code == "2" or (a.status, float(version)) == (400, a), a


@every("12.0")
@pytest.mark.parametrize("sub", [None, "", "0"])
def test_empty_folder_contents(phone, user, version, sub):
    """All mails go; subfolders stay unless asked for. The folder's own trash rule is OX's."""
    user.new_folder("Projekt", "mail", "default0/INBOX")
    for i in range(3):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    user.deliver(mime("b@example.org", user.address, "P"), "default0/INBOX/Projekt")
    r, cid = inbox(phone, user, version)
    options = I.Options(I.DeleteSubFolders(sub) if sub else I.DeleteSubFolders()) if sub is not None else None
    a = r.device.itemoperations(I.EmptyFolderContents(A.CollectionId(cid), options))
    e = a.doc["Response/EmptyFolderContents"]
    assert (a.code, e.val("Status"), e.val("CollectionId")) == ("1", "1", cid), a
    assert user.mails() == []
    r.sync(cid)
    assert not r.collections[cid].items
    r.foldersync()
    (now,) = [f for f in r.folders.values() if f["DisplayName"] == "Projekt"]
    gone = sub == ""
    assert now["ParentId"] == (r.folder(4) if gone else cid), "OX moves a mail folder to the trash"
    if not gone:
        assert len(user.mails("default0/INBOX/Projekt")) == 1


@every("12.0")
def test_emptying_what_is_not_there(phone, user, version):
    r = phone(version, user=user)
    for op, want in ((I.EmptyFolderContents(A.CollectionId("4711")), "6"), (I.EmptyFolderContents(), "2"),
                     (I.EmptyFolderContents(A.CollectionId(r.folder(2)), I.Options(I.DeleteSubFolders("x"))), "2")):
        a = r.device.itemoperations(op)
        assert a.doc.val("Response/EmptyFolderContents/Status") == want, a


def test_trash_is_emptied_for_good(phone, user):
    user.deliver(mime("b@example.org", user.address, "Weg"), "default0/Trash")
    r = phone("14.1", user=user)
    a = r.device.itemoperations(I.EmptyFolderContents(A.CollectionId(r.folder(4))))
    assert a.doc.val("Response/EmptyFolderContents/Status") == "1" and user.mails("default0/Trash") == []
