# SPDX-License-Identifier: Apache-2.0
"""Mail that is meant to do harm: on its way out, and taken along. What comes in is in the corpus (test_f06)."""
import base64
import io
import zipfile

import pytest

from easlib.client import unique
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, ComposeMail as C, Email as E, Email2 as E2
from test_f05_mail_kinds import invitation
from test_f12_smart import smart


def refused(a, *codes):
    """An error that the version has a word for; the connection stays."""
    if float(a.version) >= 14:
        assert (a.status, a.code in codes) == (200, True), a
    else:
        assert a.status in (400, 500), a


def ready(phone, user, version):
    r = phone(version, user=user, timeout=60)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid


@every("2.5", "16.1")
@pytest.mark.parametrize("name,head", [
    ("bare cr", b"Subject: Hallo\rBcc: heimlich@example.org\r\n"), ("nul", b"Subject: Hal\0lo\r\n"),
    ("bare cr in to", b"Cc: a@example.org\rX-Injected: 1\r\n"), ("endless", b"X-Lang: " + b"y" * 300000 + b"\r\n"),
    ("endless many", b"".join(b"X-%d: v\r\n" % i for i in range(40000)))])
def test_headers_that_are_refused(phone, user, other_user, version, name, head):
    d = phone(version, user=user).device
    a = d.sendmail(f"From: {user.address}\r\nTo: {other_user.address}\r\n".encode() + head + b"\r\nText\r\n")
    refused(a, "107")
    assert other_user.mails() == [] and d.foldersync().status == 200


@every("2.5", "16.1")
def test_encoded_line_ends_inject_nothing(phone, user, other_user, version):
    """What an encoded word holds is text of the header, never a header."""
    d = phone(version, user=user).device
    a = d.sendmail(f"From: {user.address}\r\nTo: =?utf-8?Q?A=0D=0ABcc:_b@example.org?= <{other_user.address}>\r\n"
                   "Subject: =?utf-8?Q?eins=0D=0AX-Injected:_1=0D=0A=0D=0ABody?=\r\n\r\nText\r\n".encode())
    assert a.status == 200, a
    (m,) = other_user.mails()
    source = other_user.source(m["id"])
    assert source["X-Injected"] is None and source["Bcc"] is None and source.get_content().strip() == "Text"


@every("16.0")
@pytest.mark.parametrize("field", ["To", "Cc", "Bcc", "Subject", "ReplyTo", "DisplayName", "ContentId", "ContentType"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_drafts_inject_nothing(phone, user, version, field, end):
    """Line ends in what becomes a header: the draft is refused, and nothing of it is kept."""
    r = phone(version, user=user)
    cid = r.folder(3)
    r.sync(cid)
    bad = f"x@example.org{end}X-Injected: 1"
    make = {"Bcc": E2.Bcc}.get(field) or getattr(E, field, None)
    data = [make(bad)] if field in ("To", "Cc", "Bcc", "Subject", "ReplyTo") else [
        E.To("a@example.org"), B.Attachments(B.Add(B.ClientId("a"), B.Method("1"), B.Content(b"x"), *(
            getattr(B, f)(bad if f == field else good) for f, good in (("DisplayName", "a.txt"), ("ContentType", "text/plain"),
                                                                       ("ContentId", "c@x")))))]
    t = r.turn(cid, [A.Add(A.ClientId(unique("b")), A.ApplicationData(*data, B.Body(B.Type("1"), B.Data("x"))))])
    assert t.responses[0].val("Status") == "6", t
    assert user.mails("default0/Drafts") == []


@every("16.0")
@pytest.mark.parametrize("name,address", [("Anna\r\nBcc: b@example.org", None), ("Anna", "a@example.org\r\nX-Injected: 1"),
                                          ("Anna\nX-Injected: 1", None)])
def test_forwardees_inject_nothing(phone, user, other_user, version, name, address):
    user.deliver(invitation(user))
    r, cid = ready(phone, user, version)
    (sid,) = r.collections[cid].items
    a = r.device.cmd("SmartForward", C.SmartForward(
        C.ClientId(unique("f")), C.Source(C.FolderId(cid), C.ItemId(sid)),
        C.Forwardees(C.Forwardee(C.ForwardeeEmail(address or other_user.address), C.ForwardeeName(name)))))
    if a.body:
        assert a.code in ("103", "179", "183", "116", "119"), a
        assert other_user.mails() == []
    for m in other_user.mails():
        source = other_user.source(m["id"])
        assert source["X-Injected"] is None and source["Bcc"] is None


@every("16.1")
def test_ten_thousand_parts(phone, user, other_user, version):
    """They go out as they are."""
    part = b"--p\r\nContent-Type: text/plain\r\n\r\nTeil\r\n"
    d = phone(version, user=user, timeout=60).device
    a = d.sendmail(f"From: {user.address}\r\nTo: {other_user.address}\r\nSubject: Teile\r\nMIME-Version: 1.0\r\n"
                   "Content-Type: multipart/mixed; boundary=p\r\n\r\n".encode() + part * 10000 + b"--p--\r\n")
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("Teile")
    assert len(list(other_user.source(m["id"]).iter_parts())) == 10000


@every("16.1")
def test_broken_originals_can_be_forwarded(phone, user, other_user, version):
    """A boundary that is never closed, parts within parts: the forward goes out, or says why not; it never hangs."""
    deep = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(200))
    for n, raw in enumerate((b"Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + deep,
                             b"Content-Type: multipart/mixed\r\n\r\n--x\r\n\r\ny\r\n",
                             b"Content-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\r\n", b"\r\n")):
        user.deliver(b"From: a@example.org\r\nSubject: Kaputt %d\r\nMIME-Version: 1.0\r\n" % n + raw)
    r, cid = ready(phone, user, version)
    for n, sid in enumerate(r.collections[cid].items):
        mime = f"From: {user.address}\r\nTo: {other_user.address}\r\nSubject: WG {n}\r\n\r\nsiehe\r\n".encode()
        a = smart(r.device, "SmartForward", mime, sid)
        assert a.status == 200 and not a.body, a
    assert len(other_user.mails()) == 4


@every("16.1")
def test_zip_bomb_is_left_alone(phone, user, other_user, version):
    """Nobody unpacks it: its bytes are forwarded as they are."""
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("nullen", bytes(50 * 1024 * 1024))
    bomb = box.getvalue()
    user.deliver(b"From: a@example.org\r\nSubject: Bombe\r\nMIME-Version: 1.0\r\nContent-Type: application/zip; name=b.zip\r\n"
                 b"Content-Disposition: attachment; filename=b.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                 + base64.encodebytes(bomb).replace(b"\n", b"\r\n"))
    r, cid = ready(phone, user, version)
    (sid,) = r.collections[cid].items
    mime = f"From: {user.address}\r\nTo: {other_user.address}\r\nSubject: WG: Bombe\r\n\r\nVorsicht\r\n".encode()
    a = smart(r.device, "SmartForward", mime, sid)
    assert a.status == 200 and not a.body, a
    (m,) = other_user.mail_named("WG: Bombe")
    (part,) = [p for p in other_user.source(m["id"]).walk() if p.get_content_type() == "application/zip"]
    assert part.get_content() == bomb
