# SPDX-License-Identifier: Apache-2.0
"""Mail: bodies, flags, filters, windows, deletes (MS-ASEMAIL, MS-ASAIRS)."""
import re
import time

import pytest

from easlib.items import html_mime, mime
from easlib.mark import every
from easlib.replica import Turn, body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E

SEEN, FLAGGED = 32, 8
LONG = "Wörter und mehr Wörter. " * 400


def mail(phone, user, version, body=("1", None), **kw):
    r = phone(version, user=user)
    cid = r.folder(2)
    c = r.open(cid)
    c.body = body
    for k, v in kw.items():
        setattr(c, k, v)
    r.sync(cid)
    return r, cid


def one(r, cid):
    (data,) = r.collections[cid].items.values()
    return data


def some(user, n, prefix="Mail"):
    for i in range(n):
        user.deliver(mime("b@example.org", user.address, f"{prefix} {i:03d}"))


@every()
def test_mail_from_ox(phone, user, version):
    user.deliver(mime('"Berta, B." <berta@example.org>', f"{user.address}, c@example.org",
                      "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=",
                      "Hallo Welt äöü", "Cc: d@example.org\r\nReply-To: r@example.org\r\nX-Priority: 1\r\n"))
    r, cid = mail(phone, user, version)
    d = one(r, cid)
    assert d.val("Subject") == "Grüße" and "berta@example.org" in d.val("From") and "Berta" in d.val("From")
    assert user.address in d.val("To") and "c@example.org" in d.val("To") and "," in d.val("To")
    assert "d@example.org" in d.val("Cc") and "r@example.org" in d.val("ReplyTo")
    assert (d.val("Read"), d.val("Importance")) == ("0", "2")
    assert d.val("MessageClass") == "IPM.Note" and re.match(r"20\d\d-\d\d-\d\dT", d.val("DateReceived"))
    assert body_text(d).strip() == "Hallo Welt äöü"
    if float(version) >= 12:
        b = d["AirSyncBase:Body"]
        assert b.val("Type") == "1" and "Truncated" not in b and int(b.val("EstimatedDataSize")) > 0
        assert d.val("ContentClass") == "urn:content-classes:message"


@every("12.0")
@pytest.mark.parametrize("kind,want", [("1", "Klartext ü"), ("2", "<b>HTML ü</b>")])
def test_body_preference(phone, user, version, kind, want):
    user.deliver(html_mime("b@example.org", user.address, "Zwei", "Klartext ü",
                           "<html><body><b>HTML ü</b></body></html>"))
    r, cid = mail(phone, user, version, (kind, None))
    b = one(r, cid)["AirSyncBase:Body"]
    assert b.val("Type") == kind and want in b.val("Data")


@every("12.0")
def test_text_only_mail_for_an_html_client(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "T", "a < b & c"))
    r, cid = mail(phone, user, version, ("2", None))
    b = one(r, cid)["AirSyncBase:Body"]
    assert (b.val("Type"), b.val("Data").strip()) == ("1", "a < b & c") or (
        b.val("Type") == "2" and "a &lt; b &amp; c" in b.val("Data")), b


@every("12.0")
def test_html_only_mail_for_a_text_client(phone, user, version):
    raw = html_mime("b@example.org", user.address, "H", "", "").split(b"MIME-Version")[0]
    user.deliver(raw + b"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
                 b"<html><head><style>x{}</style></head><body><p>Hallo&nbsp;du</p><script>no()</script></body>"
                 b"</html>\r\n")
    r, cid = mail(phone, user, version, ("1", None))
    text = one(r, cid).val("AirSyncBase:Body/Data")
    assert "Hallo" in text and "<p>" not in text and "x{}" not in text and "no()" not in text


@every("12.0")
def test_mime_body(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "M", "Körper"))
    r, cid = mail(phone, user, version, ("4", None))
    b = one(r, cid)["AirSyncBase:Body"]
    data = b["Data"].value
    raw = data if isinstance(data, bytes) else data.encode()
    assert b.val("Type") == "4" and b"Subject: M" in raw and "Körper".encode() in raw


@every("12.0")
def test_mime_is_not_sent_without_mimesupport(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "M", "Text"))
    r, cid = mail(phone, user, version, options=A.Options(
        A.MIMESupport("0"), B.BodyPreference(B.Type("4")), B.BodyPreference(B.Type("1"))))
    r.collections[cid].options = None
    assert one(r, cid).val("AirSyncBase:Body/Type") == "1"


@every("12.0")
@pytest.mark.parametrize("size", [0, 1, 11, 100, 4096])
def test_truncation_at_a_character(phone, user, version, size):
    """Bytes, not characters, and never half of one: the strict decoder would refuse it."""
    user.deliver(mime("b@example.org", user.address, "L", LONG))
    r, cid = mail(phone, user, version, ("1", str(size)))
    b = one(r, cid)["AirSyncBase:Body"]
    data = b.val("Data", "")
    assert b.val("Truncated") == "1" and len(data.encode()) <= size and LONG.startswith(data)
    assert size - len(data.encode()) < 4 and int(b.val("EstimatedDataSize")) >= len(LONG.encode()) - 2
    if size == 0:
        assert "Data" not in b


@every("12.0")
def test_all_or_none(phone, user, version):
    user.deliver(html_mime("b@example.org", user.address, "A", "kurz", f"<p>{LONG}</p>"))
    r, cid = mail(phone, user, version, options=A.Options(
        B.BodyPreference(B.Type("2"), B.TruncationSize("500"), B.AllOrNone("1")), B.BodyPreference(B.Type("1"))))
    b = one(r, cid)["AirSyncBase:Body"]
    assert b.val("Type") == "1" and b.val("Data").strip() == "kurz", b


@every("14.0")
def test_preview(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "P", LONG))
    r, cid = mail(phone, user, version, options=A.Options(
        B.BodyPreference(B.Type("1"), B.TruncationSize("0"), B.Preview("50"))))
    p = one(r, cid).val("AirSyncBase:Body/Preview")
    assert p and len(p) <= 50 and LONG.startswith(p.strip()[:20])


@every("12.0")
def test_no_body_preference_gives_no_data(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "N", "Text"))
    r, cid = mail(phone, user, version, options=A.Options(A.FilterType("0")))
    b = one(r, cid).get("AirSyncBase:Body")
    assert b is None or "Data" not in b


def test_truncation_of_2_5(phone, user):
    user.deliver(mime("b@example.org", user.address, "L", LONG))
    r, cid = mail(phone, user, "2.5", options=A.Options(A.Truncation("1")))
    d = one(r, cid)
    text = d.val("Body")
    assert d.val("BodyTruncated") == "1" and 500 < len(text.encode()) <= 512 + 4 and LONG.startswith(text)
    assert int(d.val("BodySize")) >= len(LONG.encode()) - 2


@every()
def test_fetch_gives_the_whole_mail(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "F", LONG))
    small = A.Options(A.Truncation("1")) if version == "2.5" else A.Options(
        B.BodyPreference(B.Type("1"), B.TruncationSize("100")))
    r, cid = mail(phone, user, version, options=small)
    (sid,) = r.collections[cid].items
    full = A.Options(A.Truncation("9")) if version == "2.5" else A.Options(B.BodyPreference(B.Type("1")))
    some(user, 1, "later")
    t = r.turn(cid, [A.Fetch(A.ServerId(sid))], options=full, get_changes="0")
    f = t.response("Fetch", ServerId=sid)
    assert f.val("Status") == "1" and body_text(f["ApplicationData"]).strip() == LONG.strip(), t
    assert not t.commands, "GetChanges 0, and changes came"


@every()
def test_fm27_read_from_the_phone(phone, user, version):
    mid = user.deliver(mime("b@example.org", user.address, "R"))
    r, cid = mail(phone, user, version)
    assert not user.mails()[0]["flags"] & SEEN, "looking must not mark as read"
    (sid,) = r.collections[cid].items
    for value, want in (("1", SEEN), ("0", 0), ("1", SEEN)):
        t = r.change(cid, sid, [E.Read(value)])
        assert t.status == "1" and not t.responses and not t.commands, t
        (m,) = user.mails()
        assert m["id"] == mid and m["flags"] & SEEN == want


@every()
def test_fm27_read_in_ox_comes_as_only_read(phone, user, version):
    mid = user.deliver(mime("b@example.org", user.address, "R"))
    r, cid = mail(phone, user, version)
    user.flag(mid, SEEN)
    (t,) = r.sync(cid)
    (data,) = t.of("Change").values()
    assert [e.name for e in data] == ["Email:Read"] and data.val("Read") == "1" and not t.of("Add"), t


@every("12.0")
def test_flag_both_ways(phone, user, version):
    mid = user.deliver(mime("b@example.org", user.address, "F"))
    r, cid = mail(phone, user, version)
    (sid,) = r.collections[cid].items
    t = r.change(cid, sid, [E.Flag(E.Status("2"), E.FlagType("for Follow Up"))])
    assert t.status == "1" and not t.responses, t
    assert user.mails()[0]["flags"] & FLAGGED
    for on, filler in ((False, "F1"), (True, "F2")):
        filler = user.deliver(mime("b@example.org", user.address, filler))
        r.sync(cid)
        user.flag(mid, FLAGGED if on else 0, 0 if on else FLAGGED)
        user.delete_mail(filler)  # a flag alone moves no counter of the folder; now the server has to look
        (t,) = r.sync(cid)
        assert r.collections[cid].items[sid]["Flag"].val("Status", "0") == ("2" if on else "0")
    (data,) = t.of("Change").values()
    assert [e.name for e in data] == ["Email:Flag"] and data.val("Flag/Status") == "2", t
    r.change(cid, sid, [E.Flag()])
    assert not next(m for m in user.mails() if m["id"] == mid)["flags"] & FLAGGED


@pytest.mark.parametrize("version", ["12.1", "16.1"])
def test_flag_in_ox_alone(phone, user, site, version):
    """No counter of the folder moves, yet it comes with the next look, by Sync and by Ping (EASMailFlags)."""
    mid = user.deliver(mime("b@example.org", user.address, "F"))
    r, cid = mail(phone, user, version)
    r.device.server = site.small
    (sid,) = r.collections[cid].items
    r.sync(cid)
    for on in (True, False):
        user.flag(mid, FLAGGED if on else 0, 0 if on else FLAGGED)
        time.sleep(1.1)
        a = r.device.ping([(cid, "Email")], "20")
        assert a.code == "2", a
        (t,) = r.sync(cid)
        (data,) = t.of("Change").values()
        assert [e.name for e in data] == ["Email:Flag"] and data.val("Flag/Status", "0") == ("2" if on else "0")


@every()
@pytest.mark.parametrize("deletes_as_moves,in_trash", [(None, 1), ("", 1), ("1", 1), ("0", 0)])
def test_delete(phone, user, version, deletes_as_moves, in_trash):
    user.deliver(mime("b@example.org", user.address, "Weg"))
    r, cid = mail(phone, user, version)
    (sid,) = r.collections[cid].items
    t = r.delete(cid, sid, deletes_as_moves=deletes_as_moves)
    assert t.status == "1" and not t.responses and not t.commands, t
    assert user.mails() == [] and len(user.mails("default0/Trash")) == in_trash


@every()
def test_deleted_in_ox(phone, user, version):
    mid = user.deliver(mime("b@example.org", user.address, "D"))
    some(user, 2)
    r, cid = mail(phone, user, version)
    user.delete_mail(mid)
    (t,) = r.sync(cid)
    assert len(t.of("Delete")) == 1 and r.texts(cid, "Email:Subject") == ["Mail 000", "Mail 001"]


@every()
def test_windows(phone, user, version):
    some(user, 7)
    r, cid = mail(phone, user, version, window="3")
    c = r.collections[cid]
    c.key, c.items = "0", {}
    turns = r.sync(cid)[1:]
    assert [len(t.of("Add")) for t in turns] == [3, 3, 1] and [t.more for t in turns] == [True, True, False]
    assert r.texts(cid, "Email:Subject") == [f"Mail {i:03d}" for i in range(7)]


@every("12.1")
def test_window_of_the_whole_sync(phone, user, version):
    """The outer WindowSize bounds the sum; collections are served in order."""
    some(user, 4)
    for i in range(4):
        user.new("contacts", last_name=f"L{i}", display_name=f"L{i}")
    r = phone(version, user=user)
    inbox, people = r.folder(2), r.folder(9)
    for cid in (inbox, people):
        r.turn(cid)
    for _ in range(10):
        reqs = [r.request(r.collections[cid], window="100") for cid in (inbox, people)]
        a = r.device.sync(*reqs, window="5")
        if not a.body:
            break
        adds = a.doc.all("Collections/Collection/Commands/Add")
        assert len(adds) <= 5, a
        for cid in (inbox, people):
            r.apply(r.collections[cid], Turn(a, cid))
        if "MoreAvailable" not in [e.tag for e in a.doc.walk()]:
            break
    assert len(r.collections[inbox].items) == 4 and len(r.collections[people].items) == 4


@every()
def test_fm24_filter_is_soft(phone, user, version):
    """A smaller window is SoftDelete on the phone and nothing at all in OX."""
    user.deliver_aged(mime("b@example.org", user.address, "alt"), 40)
    user.deliver_aged(mime("b@example.org", user.address, "neu"), 1)
    r, cid = mail(phone, user, version, filter="0")
    assert r.texts(cid, "Email:Subject") == ["alt", "neu"]
    r.open(cid).filter = "3"
    turns = r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["neu"]
    assert sum(len(t.of("SoftDelete")) for t in turns) == 1 and not any(t.of("Delete") for t in turns)
    assert len(user.mails()) == 2
    r.open(cid).filter = "0"
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["alt", "neu"]


@every()
def test_options_are_sticky(phone, user, version):
    some(user, 1)
    r, cid = mail(phone, user, version)
    user.deliver(mime("b@example.org", user.address, "spät", LONG))
    c = r.collections[cid]
    a = r.device.sync(r.device.collection(c.key, cid, "Email", get_changes="1"))
    t = Turn(a, cid)
    r.apply(c, t)
    (data,) = t.of("Add").values()
    assert body_text(data).strip() == LONG.strip(), "the options sent before are forgotten"


@every()
def test_fm43_charsets(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "l2", "čšž ŁÓDŹ", charset="iso-8859-2"))
    user.deliver(mime("b@example.org", user.address, "w1252", "€ „Zitat“", charset="windows-1252"))
    r, cid = mail(phone, user, version)
    got = {d.val("Subject"): body_text(d).strip() for d in r.collections[cid].items.values()}
    assert got == {"l2": "čšž ŁÓDŹ", "w1252": "€ „Zitat“"}


@every()
def test_fm15_one_broken_mail_does_not_block_the_folder(phone, user, version):
    user.deliver(b"From: x\r\nSubject: kaputt\x01\x02\r\nContent-Type: multipart/mixed; boundary=nowhere\r\n\r\n"
                 b"no parts\xff\xfe")
    user.deliver(b"\r\n\r\n")
    some(user, 1)
    r, cid = mail(phone, user, version)
    assert "Mail 000" in r.texts(cid, "Email:Subject") and len(r.collections[cid].items) == 3


@every()
def test_attachments_are_listed(phone, user, version):
    raw = (f"From: b@example.org\r\nTo: {user.address}\r\nSubject: Anhang\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain\r\n\r\nText\r\n--b1\r\n"
           "Content-Type: application/pdf; name=\"x.pdf\"\r\nContent-Disposition: attachment; filename=\"x.pdf\"\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b1--\r\n").encode()
    user.deliver(raw)
    r, cid = mail(phone, user, version)
    (att,) = one(r, cid).all("Attachments/Attachment")
    assert att.val("DisplayName") == "x.pdf"
    assert att.val("AttName" if version == "2.5" else "FileReference")


@every()
def test_mail_cannot_be_added(phone, user, version):
    r, cid = mail(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("m"), A.ApplicationData(E.Subject("nein"), E.Read("1")))])
    assert t.status == "1" and t.response("Add", ClientId="m").val("Status") == "6", t
    assert user.mails() == []


@every()
def test_read_must_be_boolean(phone, user, version):
    some(user, 1)
    r, cid = mail(phone, user, version)
    (sid,) = r.collections[cid].items
    t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(E.Read("maybe")))])
    assert t.status == "1" and t.response("Change", ServerId=sid).val("Status") == "6", t
    assert not user.mails()[0]["flags"] & SEEN
