# SPDX-License-Identifier: Apache-2.0
"""Attachments: references, GetAttachment, ItemOperations Fetch with ranges and multipart (MS-ASCMD 2.2.1.7, 2.2.1.10)."""
import base64
from email.message import EmailMessage

import pytest

from easlib.client import WBXML
from easlib.mark import every
from easlib.memory import memory
from easlib.wbxml import AirSync as A, AirSyncBase as B, ItemOperations as I, encode

PDF = bytes(range(256)) * 40 + b"%PDF"


def message(user, parts=(), text="Text", subject="Anhang"):
    """parts: (bytes, type, name, more) with more as of EmailMessage.add_attachment."""
    m = EmailMessage()
    m["From"], m["To"], m["Subject"], m["Date"] = "b@example.org", user.address, subject, "Mon, 20 Nov 2023 10:00:00 +0000"
    m.set_content(text)
    for data, kind, name, more in parts:
        main, sub = kind.split("/")
        m.add_attachment(data, maintype=main, subtype=sub, filename=name, **more)
    return m.as_bytes().replace(b"\n", b"\r\n")


def box(phone, user, version, **kw):
    r = phone(version, user=user, **kw)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid


def attachments(r, cid):
    (data,) = r.collections[cid].items.values()
    return data.all("Attachments/Attachment")


def reference(att, version):
    return att.val("AttName" if version == "2.5" else "FileReference")


def fetch(r, ref, rng=None, multipart=False, **kw):
    """(status, properties, bytes) of one attachment."""
    a = r.device.itemoperations(
        I.Fetch(I.Store("Mailbox"), B.FileReference(ref), I.Options(I.Range(rng)) if rng else None),
        multipart=multipart, **kw)
    assert a.code == "1", a
    f = a.doc["Response/Fetch"]
    assert f.val("FileReference", "") == ref
    if f.val("Status") != "1":
        assert "Properties" not in f
        return f.val("Status"), None, None
    p = f["Properties"]
    if multipart:
        assert "Data" not in p
        return "1", p, a.parts[int(p.val("Part"))]
    assert "Part" not in p
    return "1", p, base64.b64decode(p.val("Data", ""), validate=True)


@every()
def test_attachments_are_described(phone, user, version):
    inner = message(user, subject="Innen")
    m = EmailMessage()
    m["From"], m["To"], m["Subject"] = "b@example.org", user.address, "Drei"
    m.set_content("Text")
    m.add_alternative('<p>Bild <img src="cid:bild@x"></p>', subtype="html")
    m.get_payload()[1].add_related(b"\x89PNG" + bytes(500), "image", "png", cid="<bild@x>", filename="bild.png")
    m.add_attachment(PDF, maintype="application", subtype="pdf", filename="Übersicht.pdf")
    raw = m.as_bytes().replace(b"\n", b"\r\n")
    nested = b"--" + m.get_boundary().encode()
    raw = raw.replace(nested + b"--", nested + b"\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n" + nested + b"--")
    user.deliver(raw)
    r, cid = box(phone, user, version)
    by = {a.val("DisplayName"): a for a in attachments(r, cid)}
    assert set(by) == {"Übersicht.pdf", "bild.png", "Innen.eml"}, by
    method, size = ("AttMethod", "AttSize") if version == "2.5" else ("Method", "EstimatedDataSize")
    assert (by["Übersicht.pdf"].val(method), by["Innen.eml"].val(method)) == ("1", "5")
    assert len(PDF) * 0.7 < int(by["Übersicht.pdf"].val(size)) < len(PDF) * 1.5
    if version != "2.5":
        assert (by["bild.png"].val("ContentId"), by["bild.png"].val("IsInline")) == ("bild@x", "1")
        assert "IsInline" not in by["Übersicht.pdf"] or by["Übersicht.pdf"].val("IsInline") == "0"
    refs = [reference(a, version) for a in by.values()]
    assert len(set(refs)) == 3 and all(len(x) <= 256 and ":" not in x for x in refs)


@every("2.5", "12.1")
def test_getattachment(phone, user, version):
    user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, version)
    a = r.device.getattachment(reference(attachments(r, cid)[0], version))
    assert (a.status, a.header("Content-Type"), a.body) == (200, "application/pdf", PDF)
    assert not user.mails()[0]["flags"] & 32, "looking must not mark as read"


@every("2.5", "12.1")
def test_getattachment_of_nothing(phone, user, version):
    r, _ = box(phone, user, version)
    for name in ("x", "A" * 40, "..%2f", "1:1:1"):
        assert r.device.getattachment(name).status == 500
    assert r.device.cmd("GetAttachment").status == 400


@every("14.0")
def test_getattachment_is_gone_from_14_0(phone, user, version):
    r, _ = box(phone, user, version)
    assert r.device.getattachment("x").status in (400, 501)


@every("12.0")
@pytest.mark.parametrize("multipart", [False, True])
def test_fetch(phone, user, version, multipart):
    user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {}), (b"", "application/x-none", "leer", {})]))
    r, cid = box(phone, user, version)
    full, empty = [reference(a, version) for a in attachments(r, cid)]
    status, p, data = fetch(r, full, multipart=multipart)
    assert (status, p.val("ContentType"), data) == ("1", "application/pdf", PDF)
    assert "Range" not in p and "Total" not in p, "iOS does not take a Range it has not asked for"
    status, p, data = fetch(r, empty, multipart=multipart)
    assert (status, data) == ("1", b"")


@every("12.0")
@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("rng,want", [("0-0", (0, 0)), ("0-99", (0, 99)), ("1-3", (1, 3)), ("5000-20000", (5000, 10243)),
                                      ("10243-10243", (10243, 10243)), ("2-4097", (2, 4097))])
def test_ranges(phone, user, version, multipart, rng, want):
    user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, version)
    status, p, data = fetch(r, reference(attachments(r, cid)[0], version), rng, multipart)
    assert status == "1" and data == PDF[want[0]:want[1] + 1]
    assert (p.val("Range"), p.val("Total")) == (f"{want[0]}-{want[1]}", str(len(PDF)))


@pytest.mark.parametrize("rng", ["10244-10300", "9-3", "x", "-", "1-", "-5", "1-2-3", "99999999999999999999-5", "1.5-2"])
def test_ranges_that_are_none(phone, user, rng):
    user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, "14.1")
    assert fetch(r, reference(attachments(r, cid)[0], "14.1"), rng)[0] == "8"


@every("12.0")
def test_forged_references(phone, user, other_user, version):
    """Another user's, one that was changed, one that was made up: not found. None at all: 15."""
    for u in (user, other_user):
        u.deliver(message(u, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, version)
    theirs, tcid = box(phone, other_user, version)
    mine = reference(attachments(r, cid)[0], version)
    other = reference(attachments(theirs, tcid)[0], version)
    assert mine != other
    assert fetch(r, other)[0] == "6" and fetch(theirs, mine)[0] == "6"
    for bad in (mine[:-1], mine + "A", mine.swapcase(), mine[::-1], "x", "A" * 5000, "5:1:2", "../../etc/passwd", "0", "%00"):
        assert fetch(r, bad)[0] == "6", bad
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), B.FileReference()))
    assert a.doc.val("Response/Fetch/Status") == "15"


@every("12.0")
def test_references_last(phone, user, version):
    """The same on another device and after the list was forgotten; gone with the mail."""
    mid = user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, version)
    ref = reference(attachments(r, cid)[0], version)
    second, cid2 = box(phone, user, version)
    assert reference(attachments(second, cid2)[0], version) == ref and fetch(second, ref)[2] == PDF
    user.delete_mail(mid)
    assert fetch(r, ref)[0] == "6"


@every("12.0")
def test_nested_message(phone, user, version):
    inner = message(user, [(b"tief", "application/x-deep", "tief.bin", {})], subject="Innen")
    outer = EmailMessage()
    outer["From"], outer["To"], outer["Subject"] = "b@example.org", user.address, "Außen"
    outer.set_content("Text")
    raw = outer.as_bytes().replace(b"\n", b"\r\n").replace(
        b'Content-Type: text/plain; charset="utf-8"\r\nContent-Transfer-Encoding: 7bit\r\n',
        b'Content-Type: multipart/mixed; boundary="zz"\r\n')
    head, body = raw.split(b"\r\n\r\n", 1)
    user.deliver(head + b"\r\n\r\n--zz\r\nContent-Type: text/plain\r\n\r\n" + body +
                 b"\r\n--zz\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--zz--\r\n")
    r, cid = box(phone, user, version)
    (att,) = attachments(r, cid)
    status, p, data = fetch(r, reference(att, version))
    assert (status, p.val("ContentType")) == ("1", "message/rfc822")
    assert b"Subject: Innen" in data and b"tief.bin" in data


@every("12.0")
def test_several_in_one_request(phone, user, version):
    user.deliver(message(user, [(b"eins", "text/x-a", "a", {}), (b"zwei", "text/x-b", "b", {})]))
    r, cid = box(phone, user, version)
    refs = [reference(a, version) for a in attachments(r, cid)]
    ops = [I.Fetch(I.Store("Mailbox"), B.FileReference(x)) for x in (refs[0], "falsch", refs[1])]
    a = r.device.itemoperations(*ops, multipart=True)
    got = [(f.val("Status"), a.parts[int(f.val("Properties/Part"))] if f.val("Status") == "1" else None)
           for f in a.doc.all("Response/Fetch")]
    assert got == [("1", b"eins"), ("6", None), ("1", b"zwei")] and len(a.parts) == 3, a


@every("12.0")
def test_fetch_requests_that_are_wrong(phone, user, version):
    user.deliver(message(user, [(PDF, "application/pdf", "x.pdf", {})]))
    r, cid = box(phone, user, version)
    ref = reference(attachments(r, cid)[0], version)
    for want, op in (
            ("2", I.Fetch(I.Store("Mailbox"), B.FileReference(ref), B.FileReference(ref))),
            ("2", I.Fetch(I.Store("Mailbox"), B.FileReference(ref), I.Options(A.MIMESupport("0")))),
            ("2", I.Fetch(I.Store("Mailbox"))),
            ("2", I.Fetch(B.FileReference(ref))),
            ("9", I.Fetch(I.Store("Nowhere"), B.FileReference(ref)))):
        a = r.device.itemoperations(op)
        assert a.code == "1" and a.doc.val("Response/Fetch/Status") == want, (want, a)


def test_packed_answer(phone, user):
    user.deliver(message(user, [(b"a" * 100000, "text/x-a", "a", {})]))
    r, cid = box(phone, user, "14.1")
    ref = reference(attachments(r, cid)[0], "14.1")
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), B.FileReference(ref)), headers={"Accept-Encoding": "gzip"})
    assert a.header("Content-Encoding") == "gzip"
    assert base64.b64decode(a.doc.val("Response/Fetch/Properties/Data")) == b"a" * 100000


def test_attachment_over_the_limit(phone, user, site):
    """EASMaxAttachments of the location: a Status, not a dropped connection."""
    user.deliver(message(user, [(bytes(70000), "application/x-big", "big", {}), (b"klein", "application/x-s", "s", {})]))
    r, cid = box(phone, user, "14.1")
    big, small = [reference(a, "14.1") for a in attachments(r, cid)]
    r.device.server = site.small
    assert fetch(r, big)[0] == "11"
    assert fetch(r, big, "0-99")[2] == bytes(100)
    assert fetch(r, small)[2] == b"klein"


@pytest.mark.parametrize("multipart", [False, True])
def test_large_attachment_in_bounded_memory(phone, user, site, multipart):
    """100 MB through httpd, which does not grow by a tenth of it."""
    size = 100 * 1000 * 1000
    site.ox.control("module/mail", op="deliver", user=user.name, subject="Gross",
                    attachments=[{"name": "gross.bin", "type": "application/octet-stream", "size": size}])
    r, cid = box(phone, user, "14.1", timeout=120)
    ref = reference(attachments(r, cid)[0], "14.1")
    fetch(r, ref, "0-9", multipart)
    d, before, peak, total, tail = r.device, memory(site), 0, 0, b""
    headers = {"Content-Type": WBXML, "X-MS-PolicyKey": d.policy_key, "MS-ASProtocolVersion": "14.1",
               "MS-ASAcceptMultiPart": "T" if multipart else "F",
               "Authorization": "Basic " + base64.b64encode(f"{d.user}:{d.password}".encode()).decode()}
    conn = d.server.connect(120)
    conn.request("POST", d.server.path + "?" + d.plain_query("ItemOperations"),
                 encode(I.ItemOperations(I.Fetch(I.Store("Mailbox"), B.FileReference(ref)))), headers)
    answer = conn.getresponse()
    assert answer.status == 200
    while piece := answer.read(1 << 20):
        if total // (1 << 24) != (total + len(piece)) // (1 << 24):
            peak = max(peak, memory(site))
        total += len(piece)
        tail = (tail + piece)[-200:]
    conn.close()
    want = b"x" * 100 if multipart else base64.b64encode(b"x" * (size % 3 + 30)) + b"\0"
    assert want in tail and abs(total - (size if multipart else 4 * ((size + 2) // 3))) < 1000
    assert peak - before < 10 * 1024, f"httpd grew by {peak - before} KiB"
