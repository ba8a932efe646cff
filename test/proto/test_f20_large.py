# SPDX-License-Identifier: Apache-2.0
"""Messages of 50 MB: what they take of httpd's memory at its worst is about what those of 5 MB take."""
import base64

import pytest

from easlib.client import unique
from easlib.memory import Peak
from easlib.wbxml import AirSync as A, AirSyncBase as B, ComposeMail as C, Email as E, Email2 as E2

SMALL, LARGE = 5, 50  # MB
MORE = 12 * 1024  # KiB that the large one may take more


def message(user, to, subject, megabytes, kind):
    """kind: clean (ready to go out), lf (bare line ends), 8bit (to be encoded anew)."""
    raw = bytes(range(1, 250)) * (megabytes * 3000)
    if kind == "8bit":
        text = ("Größe und mehr " * 4 + "\r\n").encode() * (megabytes * 14000)
        head, body = "text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit", text
    else:
        head, body = "application/octet-stream\r\nContent-Transfer-Encoding: base64", base64.encodebytes(raw)
        body = body if kind == "lf" else body.replace(b"\n", b"\r\n")
    return (f"From: {user.address}\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
            f"boundary=p\r\n\r\n--p\r\nContent-Type: text/plain\r\n\r\nhi\r\n--p\r\nContent-Type: {head}\r\n"
            f"Content-Disposition: attachment; filename=a.bin\r\n\r\n").encode() + body + b"\r\n--p--\r\n"


def peaks(site, work):
    """{megabytes: KiB}: each done once before, so that what stays is there already."""
    work(SMALL)
    out = {}
    for megabytes in (SMALL, LARGE):
        with Peak(site) as p:
            work(megabytes)
        out[megabytes] = p.grown
    return out


def check(got):
    assert got[LARGE] <= got[SMALL] + MORE, got


@pytest.mark.parametrize("version,kind", [("12.1", "clean"), ("16.1", "lf"), ("14.1", "8bit")])
def test_sendmail(site, phone, user, other_user, version, kind):
    d = phone(version, user=user, server=site.large, timeout=120).device

    def send(megabytes):
        subject = unique("gross")
        mime = message(user, other_user.address, subject, megabytes, kind)
        a = d.sendmail(mime, save=False)
        assert a.status == 200 and a.body == b"", a
        (m,) = other_user.mail_named(subject)
        assert other_user.call("GET", "mail", "get", folder="default0/INBOX", id=m["id"])["size"] > megabytes * 900000
        other_user.delete_mail(m["id"])
    check(peaks(site, send))


def test_forward(site, phone, user, other_user):
    """The original of 50 MB is taken along."""
    r = phone("16.1", user=user, server=site.large, timeout=120)
    cid = r.folder(2)
    r.sync(cid)

    def forward(megabytes):
        subject = unique("weiter")
        site.ox.control("module/mail", op="deliver", user=user.name, subject=subject,
                        attachments=[{"name": "a.bin", "type": "application/octet-stream", "size": megabytes * 740000}])
        r.sync(cid)
        sid = next(s for s, d in r.collections[cid].items.items() if d.val("Email:Subject") == subject)
        a = r.device.cmd("SmartForward", C.SmartForward(
            C.ClientId(unique("f")), C.Source(C.FolderId(cid), C.ItemId(sid)),
            C.Mime(f"From: {user.address}\r\nTo: {other_user.address}\r\nSubject: WG: {subject}\r\n\r\nsiehe unten\r\n".encode())))
        assert a.status == 200 and a.body == b"", a
        (m,) = other_user.mail_named(f"WG: {subject}")
        assert other_user.call("GET", "mail", "get", folder="default0/INBOX", id=m["id"])["size"] > megabytes * 900000
        other_user.delete_mail(m["id"])
    check(peaks(site, forward))


def test_draft(site, phone, user, other_user):
    """A draft with a large attachment, then sent."""
    r = phone("16.1", user=user, server=site.large, timeout=120)
    cid = r.folder(3)
    r.sync(cid)

    def write(megabytes):
        subject = unique("entwurf")
        data = [E.To(other_user.address), E.Subject(subject), B.Body(B.Type("1"), B.Data("Text")), B.Attachments(
            B.Add(B.ClientId("a"), B.Method("1"), B.Content(bytes(range(250)) * (megabytes * 2960)), B.DisplayName("a.bin")))]
        t = r.turn(cid, [A.Add(A.ClientId(unique("d")), A.ApplicationData(*data))])
        sid = t.responses[0].val("ServerId")
        assert t.responses[0].val("Status") == "1", t
        r.collections[cid].items[sid] = A.ApplicationData(*data)
        t = r.turn(cid, [A.Change(A.ServerId(sid), None, E2.Send())])
        assert t.status == "1" and r.turn(cid).status == "1", t
        (m,) = other_user.mail_named(subject)
        assert other_user.call("GET", "mail", "get", folder="default0/INBOX", id=m["id"])["size"] > megabytes * 900000
        other_user.delete_mail(m["id"])
    check(peaks(site, write))
