# SPDX-License-Identifier: Apache-2.0
"""Notes both ways (MS-ASNOTE), kept at OX as mails in the form of Apple's Notes."""
import uuid

import pytest

from easlib.client import expect
from easlib.mark import every, rows
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, ItemOperations as I, Notes as N

FOLDER = "default0/Notes"
TYPE, UUID = "X-Uniform-Type-Identifier", "X-Universally-Unique-Identifier"


def note(subject=None, text=None, words=None, kind="1", cls="IPM.StickyNote"):
    return [N.Subject(subject) if subject is not None else None,
            B.Body(B.Type(kind), B.Data(text)) if text is not None else None,
            N.MessageClass(cls) if cls else None,
            N.LastModifiedDate("20310506T090000Z"),
            N.Categories(*[N.Category(w) for w in words]) if words is not None else None]


def apple(subject, text, name=None, kind="plain", more=""):
    """As Apple's Notes puts it into a folder."""
    return (f"From: a@example.org\r\nSubject: {subject}\r\nDate: Tue, 06 May 2031 09:00:00 +0000\r\n{TYPE}: "
            f"com.apple.mail-note\r\n{UUID}: {name or str(uuid.uuid4()).upper()}\r\n{more}MIME-Version: 1.0\r\n"
            f"Content-Type: text/{kind}; charset=utf-8\r\n\r\n{text}\r\n").encode()


def notes(phone, user, version, kind="1"):
    r = phone(version, user=user)
    cid = r.folder(10)
    r.open(cid).body = (kind, None)
    r.sync(cid)
    return r, cid


def mails(user):
    """The notes at OX by their subject: (headers, text); each UUID is there once."""
    if FOLDER not in user.folders("mail"):
        return {}
    all_mails = [user.source(m["id"], FOLDER) for m in user.mails(FOLDER)]
    names = [m[UUID] for m in all_mails if m[TYPE]]
    assert len(set(names)) == len(names), names
    return {str(m["Subject"]): m for m in all_mails}


def text_of(mail):
    return mail.get_body(("html", "plain")).get_content().strip()


@every("14.0")
def test_folder_is_there_and_made_at_ox_with_the_first_note(phone, user, version):
    r, cid = notes(phone, user, version)
    assert r.folders[cid]["ParentId"] == "0" and mails(user) == {}
    r.add(cid, note("Einkauf ü", "Brot\nMilch", ["Rot", "a, \"b\""]))
    m = mails(user)["Einkauf ü"]
    assert m[TYPE] == "com.apple.mail-note" and len(m[UUID]) == 36
    assert text_of(m).splitlines() == ["Brot", "Milch"] and m["Date"]
    assert user.mails(FOLDER)[0]["flags"] & 32
    other, cid2 = notes(phone, user, version)
    (d,) = other.collections[cid2].items.values()
    assert (d.val("Subject"), d.val("MessageClass")) == ("Einkauf ü", "IPM.StickyNote")
    assert [c.text for c in d["Categories"]] == ["Rot", "a, \"b\""]
    assert len(d.val("LastModifiedDate")) == 16 and d.val("LastModifiedDate").endswith("Z")
    assert body_text(d).split() == ["Brot", "Milch"]


@every("2.5", "12.1")
def test_older_versions_have_no_notes(phone, user, version):
    new = phone("14.0", user=user)
    cid = new.folder(10)
    r = phone(version, user=user)
    assert cid not in r.folders
    t = r.turn(cid)
    assert t.status == "12", t


@every("14.0")
def test_life_of_a_note_from_the_phone(phone, user, version):
    r, cid = notes(phone, user, version, "2")
    sid = r.add(cid, note("A", "<html><body><b>fett</b> ü</body></html>", ["x"], "2"), lose=2)
    first = mails(user)["A"]
    assert "<b>fett</b> ü" in text_of(first)
    t = r.change(cid, sid, note("B", None, ["x", "y"]), lose=2)
    assert t.status == "1" and not t.responses and not t.commands, t
    (m,) = mails(user).values()
    assert (m["Subject"], m["Keywords"], m[UUID]) == ("B", "x, y", first[UUID]) and "<b>fett</b> ü" in text_of(m)
    r.change(cid, sid, note(None, "neu"))
    (m,) = mails(user).values()
    assert m["Subject"] == "B" and text_of(m) == "neu" and not m["Keywords"]  # Categories left out: none
    assert not r.sync(cid)[-1].commands
    r.delete(cid, sid)
    assert mails(user) == {} and user.mails("default0/Trash")


@every("14.0")
def test_life_of_a_note_from_ox(phone, user, version):
    """A changed note is a new mail with the same UUID: one item for the device."""
    user.new_folder("Notes", "mail", "default0")
    name = str(uuid.uuid4()).upper()
    old = user.deliver(apple("Alt", "eins", name), FOLDER)
    user.deliver(b"From: a@example.org\r\nSubject: Kein Zettel\r\n\r\nx\r\n", FOLDER)
    r, cid = notes(phone, user, version)
    assert r.texts(cid, "Notes:Subject") == ["Alt"]
    (sid,) = r.collections[cid].items
    assert r.folder_named("Notes") and sum(f["Type"] == "12" for f in r.folders.values()) >= 1
    user.deliver(apple("Neu", "zwei", name), FOLDER)
    user.delete_mail(old, FOLDER)
    (t,) = r.sync(cid)
    assert list(t.of("Change")) == [sid] and len(t.commands) == 1
    assert body_text(r.collections[cid].items[sid]).strip() == "zwei"
    assert r.texts(cid, "Notes:Subject") == ["Neu"]
    user.delete_mail(next(m["id"] for m in user.mails(FOLDER) if m["subject"] == "Neu"), FOLDER)
    r.sync(cid)
    assert not r.collections[cid].items and len(user.mails(FOLDER)) == 1


@every("14.0")
def test_two_versions_of_a_note_are_one(phone, user, version):
    """Left behind by a program that died between writing and deleting."""
    user.new_folder("Notes", "mail", "default0")
    name = str(uuid.uuid4())
    user.deliver(apple("Eins", "1", name), FOLDER)
    user.deliver(apple("Zwei", "2", name), FOLDER)
    r, cid = notes(phone, user, version)
    assert r.texts(cid, "Notes:Subject") == ["Zwei"]
    (sid,) = r.collections[cid].items
    r.change(cid, sid, note("Drei"))
    assert [m["subject"] for m in user.mails(FOLDER)] == ["Drei"]


@every("14.0")
def test_note_without_a_uuid(phone, user, version):
    user.new_folder("Notes", "mail", "default0")
    user.deliver(apple("Ohne", "1").replace(UUID.encode(), b"X-Other"), FOLDER)
    r, cid = notes(phone, user, version)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, note("Mit"))
    assert not r.sync(cid)[-1].commands and list(mails(user)) == ["Mit"]


@every("14.0")
def test_formatting_survives_a_device_that_reads_text(phone, user, version):
    user.new_folder("Notes", "mail", "default0")
    user.deliver(apple("Bunt", "<html><body><i>schräg</i><br>zwei</body></html>", kind="html"), FOLDER)
    r, cid = notes(phone, user, version)
    (sid,) = r.collections[cid].items
    shown = body_text(r.collections[cid].items[sid])
    assert "schräg" in shown and "<" not in shown
    r.change(cid, sid, note("Bunter", shown))
    assert "<i>schräg</i>" in text_of(mails(user)["Bunter"])
    r.change(cid, sid, note("Bunter", shown + "\ndrei"))
    assert text_of(mails(user)["Bunter"]).splitlines()[-1] == "drei"


@every("14.0")
def test_picture_in_a_note_stays(phone, user, version):
    user.new_folder("Notes", "mail", "default0")
    head = apple("Bild", "").split(b"MIME-Version")[0]
    user.deliver(head + b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: "
                 b"text/html\r\n\r\n<img src=\"cid:p\">\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\n"
                 b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n", FOLDER)
    r, cid = notes(phone, user, version, "2")
    (sid,) = r.collections[cid].items
    r.change(cid, sid, note("Bild 2", "<p>neu</p>", kind="2"))
    m = mails(user)["Bild 2"]
    assert [p.get_content_type() for p in m.walk() if not p.is_multipart()] == ["text/html", "image/png"]


@every("14.0")
@pytest.mark.parametrize("client_wins", [False, True], ids=["server", "client"])
@pytest.mark.parametrize("lose", [0, 2])
def test_same_field_on_both_sides(phone, user, version, client_wins, lose):
    user.new_folder("Notes", "mail", "default0")
    name = str(uuid.uuid4())
    user.deliver(apple("Alt", "eins", name), FOLDER)
    r, cid = notes(phone, user, version)
    (sid,) = r.collections[cid].items
    col = r.collections[cid]
    col.options = r.default_options(col)
    col.options.children.append(A.Conflict("0" if client_wins else "1"))
    user.delete_mail(user.mails(FOLDER)[0]["id"], FOLDER)
    user.deliver(apple("Server", "zwei", name), FOLDER)
    t = r.change(cid, sid, note("Telefon", "eins"), lose)
    row = t.response("Change", ServerId=sid)
    assert (row.val("Status") if row is not None else "1") == ("1" if client_wins else "7")
    r.sync(cid)
    assert r.texts(cid, "Notes:Subject") == [*mails(user)] == ["Telefon" if client_wins else "Server"]
    assert text_of(next(iter(mails(user).values()))) == "zwei" == body_text(r.collections[cid].items[sid]).strip()


@every("14.0")
def test_changed_here_deleted_there(phone, user, version):
    r, cid = notes(phone, user, version)
    sid = r.add(cid, note("A", "1"))
    user.delete_mail(user.mails(FOLDER)[0]["id"], FOLDER)
    r.change(cid, sid, note("B", "2"))
    r.sync(cid)
    assert list(mails(user)) == ["B"] and r.texts(cid, "Notes:Subject") == ["B"] and sid not in r.collections[cid].items


@every("14.0")
@rows("data", [["class", note("A", "1", cls="IPM.Note")], ["half a class", note("A", "1", cls="IPM.StickyNoteX")],
                    ["body type", [B.Body(B.Type("9"), B.Data("x"))]]])
def test_bad_values_are_refused(phone, user, version, data):
    r, cid = notes(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("n"), A.ApplicationData(*data))])
    assert t.response("Add", ClientId="n").val("Status") == "6" and mails(user) == {}


@every("14.0")
def test_supported_is_refused_and_filter_passed_over(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(10)
    a = r.device.sync(r.device.collection("0", cid, supported=[N.Subject()]))
    assert a.code == "4", a
    r.open(cid).filter = "3"
    r.sync(cid)
    r.add(cid, note("A", "1"))
    assert r.texts(cid, "Notes:Subject") == ["A"]


@every("14.0")
def test_fetch_and_empty(phone, user, version):
    """ItemOperations: a note is fetched like other items; emptying the folder leaves what is no note."""
    r, cid = notes(phone, user, version)
    sid = r.add(cid, note("A", "lang " * 1000))
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), A.CollectionId(cid), A.ServerId(sid)))
    (f,) = a.doc.all("Response/Fetch")
    assert (f.val("Status"), f.val("Class")) == ("1", "Notes")
    assert f["Properties"].val("Notes:Subject") == "A" and len(body_text(f["Properties"])) >= 4999
    user.deliver(b"From: a@example.org\r\nSubject: Mail\r\n\r\nx\r\n", FOLDER)
    expect(r.device.itemoperations(I.EmptyFolderContents(A.CollectionId(cid))), "1", 200)
    assert [m["subject"] for m in user.mails(FOLDER)] == ["Mail"]
    r.sync(cid)
    assert not r.collections[cid].items


@every("14.0")
def test_ping_tells_of_a_new_note(phone, user, version):
    user.new_folder("Notes", "mail", "default0")
    r, cid = notes(phone, user, version)
    user.deliver(apple("Neu", "1"), FOLDER)
    a = r.device.ping([(cid, "Notes")], 60)
    assert a.code == "2", a


def test_no_notes_where_they_are_switched_off(phone, site, user):
    r = phone("14.1", user=user, server=site.eas_own)
    assert "10" not in {f["Type"] for f in r.folders.values()}
