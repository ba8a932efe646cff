# SPDX-License-Identifier: Apache-2.0
"""SmartReply and SmartForward (MS-ASCMD 2.2.1.19, 2.2.1.20) in both forms."""
import email.policy
from email.message import EmailMessage

import pytest

from easlib.client import expect, unique
from easlib.items import html_mime, mime
from easlib.mark import every
from easlib.wbxml import AirSyncBase as B, ComposeMail as C

SENT = "default0/Sent"


def smart(d, cmd, message, sid, save=False, replace=False, client_id=None, long_id=None, instance=None, folder=None):
    """The form the version asks for."""
    folder = sid.split(":")[0] if folder is None and sid else folder
    if d.v < 14:
        params = [("CollectionId", folder), ("ItemId", sid), ("LongId", long_id), ("Occurrence", instance),
                  ("SaveInSent", "T" if save else None)]
        return d.cmd(cmd, message, [p for p in params if p[1] is not None], "message/rfc822")
    source = C.Source(C.FolderId(folder) if folder else None, C.ItemId(sid) if sid else None,
                      C.LongId(long_id) if long_id else None, C.InstanceId(instance) if instance else None)
    return d.cmd(cmd, getattr(C, cmd)(
        C.ClientId(client_id or unique("smart")), source, C.SaveInSentItems() if save else None,
        C.ReplaceMime() if replace else None, C.Mime(message)))


def original(user, kind="text", mid="<orig@example.org>"):
    """A mail of a friend's in the inbox."""
    m = EmailMessage(policy=email.policy.SMTP)
    m["From"], m["To"], m["Subject"] = "Berta <berta@example.org>", user.address, "Frage"
    m["Message-ID"], m["References"], m["Date"] = mid, "<root@example.org>", "Mon, 20 Nov 2023 09:00:00 +0000"
    if kind == "html":
        m.set_content("<html><head><title>t</title></head><body><p>Wie <b>geht</b> es, Jürgen?</p></body></html>",
                      subtype="html")
    else:
        m.set_content("Wie geht es, Jürgen?\nZweite Zeile\n")
    if kind == "both":
        m.add_alternative("<html><body><p>Wie <b>geht</b> es, Jürgen?</p></body></html>", subtype="html")
    if kind in ("files", "image"):
        m.add_attachment(bytes(range(256)) * 8, maintype="application", subtype="pdf", filename="Größe.pdf")
        inner = EmailMessage(policy=email.policy.SMTP)
        inner["From"], inner["Subject"] = "carl@example.org", "Inneres"
        inner.set_content("ganz innen")
        m.add_attachment(inner)
    return user.deliver(m.as_bytes())


def ready(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    return r, r.device, sid


def parts(message):
    """{content type: decoded text} of the first part of each type."""
    out = {}
    for p in message.walk():
        if not p.is_multipart() and p.get_content_type() not in out:
            out[p.get_content_type()] = p.get_content()
    return out


def got(user, subject, folder="default0/INBOX"):
    (m,) = user.mail_named(subject, folder)
    return user.source(m["id"], folder)


@every()
@pytest.mark.parametrize("save", [False, True])
def test_reply_quotes_the_original(phone, user, other_user, version, save):
    original(user)
    r, d, sid = ready(phone, user, version)
    a = smart(d, "SmartReply", mime(user.address, other_user.address, "AW: Frage", "Gut, danke für ä."), sid, save)
    assert a.status == 200 and a.body == b"", a
    m = got(other_user, "AW: Frage")
    text = m.get_content()
    assert "Gut, danke für ä." in text and "> Wie geht es, Jürgen?" in text and "> Zweite Zeile" in text
    assert text.index("Gut, danke") < text.index("Wie geht es")
    assert m["In-Reply-To"] == "<orig@example.org>"
    assert m["References"].split() == ["<root@example.org>", "<orig@example.org>"]
    assert len(user.mail_named("AW: Frage", SENT)) == int(save)
    assert user.mail_named("Frage")[0]["flags"] & 1
    r.sync(r.folder(2))
    if d.v >= 14:
        assert r.collections[r.folder(2)].items[sid].val("Email2:LastVerbExecuted") == "1"


@every()
def test_forward_takes_everything_along(phone, user, other_user, version):
    original(user, "files")
    r, d, sid = ready(phone, user, version)
    a = smart(d, "SmartForward", mime(user.address, other_user.address, "WG: Frage", "Sieh mal"), sid)
    assert a.status == 200 and a.body == b"", a
    m = got(other_user, "WG: Frage")
    texts = parts(m)
    assert "Sieh mal" in texts["text/plain"] and "Wie geht es, Jürgen?" in texts["text/plain"]
    assert "From: Berta <berta@example.org>" in texts["text/plain"]
    (pdf,) = [p for p in m.walk() if p.get_content_type() == "application/pdf"]
    assert pdf.get_content() == bytes(range(256)) * 8 and pdf.get_filename() == "Größe.pdf"
    (inner,) = [p for p in m.walk() if p.get_content_type() == "message/rfc822"]
    assert inner.get_content()["Subject"] == "Inneres" and "ganz innen" in inner.get_content().get_content()
    assert user.mail_named("Frage")[0]["flags"] & 256
    r.sync(r.folder(2))
    if d.v >= 14:
        assert r.collections[r.folder(2)].items[sid].val("Email2:LastVerbExecuted") == "3"


@every()
@pytest.mark.parametrize("theirs", ["text", "html", "both"])
def test_html_and_text_meet(phone, user, other_user, version, theirs):
    """The original in whatever form the phone's own message has."""
    original(user, theirs)
    r, d, sid = ready(phone, user, version)
    smart(d, "SmartReply", mime(user.address, other_user.address, "nur Text", "Antwort"), sid)
    text = got(other_user, "nur Text").get_content()
    assert "Antwort" in text and "Jürgen?" in text and "<b>" not in text
    smart(d, "SmartReply", html_mime(user.address, other_user.address, "beides", "Antwort", "<html><body><i>Antwort</i>"
                                     "</body></html>"), sid)
    both = parts(got(other_user, "beides"))
    assert "Antwort" in both["text/plain"] and "> " in both["text/plain"] and "Jürgen?" in both["text/plain"]
    html = both["text/html"]
    assert "<i>Antwort</i>" in html and "Jürgen?" in html and html.count("</body>") == 1
    assert html.index("<i>Antwort") < html.index("<blockquote") < html.index("Jürgen?") < html.index("</body>")


@every("14.0")
@pytest.mark.parametrize("cmd", ["SmartReply", "SmartForward"])
def test_replace_mime_adds_nothing(phone, user, other_user, version, cmd):
    original(user, "files")
    r, d, sid = ready(phone, user, version)
    assert smart(d, cmd, mime(user.address, other_user.address, "fertig", "Alles dabei"), sid, replace=True).body == b""
    m = got(other_user, "fertig")
    assert not m.is_multipart() and m.get_content().strip() == "Alles dabei"
    assert "<orig@example.org>" in m["References"] and (m["In-Reply-To"] is not None) == (cmd == "SmartReply")
    assert user.mail_named("Frage")[0]["flags"] & (1 if cmd == "SmartReply" else 256)


@every()
def test_fm45_signed_messages_stay(phone, user, other_user, version):
    """An S/MIME answer is not touched; a signed original is forwarded whole."""
    signed = (f"From: {user.address}\r\nTo: {other_user.address}\r\nSubject: signiert\r\nMIME-Version: 1.0\r\n"
              'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s\r\n'
              "\r\n--s\r\nContent-Type: text/plain\r\n\r\nGenau so.\r\n--s\r\n"
              "Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--s--\r\n")
    user.deliver(signed.replace("signiert", "Frage").encode())
    r, d, sid = ready(phone, user, version)
    assert smart(d, "SmartReply", signed.encode(), sid).body == b""
    assert got(other_user, "signiert").as_bytes().count(b"Genau so.") == 1
    smart(d, "SmartForward", mime(user.address, other_user.address, "WG: signiert", "Sieh"), sid)
    m = got(other_user, "WG: signiert")
    (inner,) = [p for p in m.walk() if p.get_content_type() == "message/rfc822"]
    assert b"Genau so.\r\n--s\r\nContent-Type: application/pkcs7-signature" in inner.get_content().as_bytes(
        policy=email.policy.SMTP) and inner.get_content().get_content_type() == "multipart/signed"


@every("14.0")
def test_fm47_client_id_repeated(phone, user, other_user, version):
    original(user)
    r, d, sid = ready(phone, user, version)
    m = mime(user.address, other_user.address, "Einmal", "x")
    first = smart(d, "SmartReply", m, sid, client_id="same")
    again = [smart(d, cmd, m, sid, client_id="same") for cmd in ("SmartReply", "SmartForward")]
    again.append(d.sendmail(m, client_id="same"))
    assert first.body == b"" and [a.code for a in again] == ["118"] * 3, again
    assert len(other_user.mail_named("Einmal")) == 1


@every()
def test_original_not_found(phone, user, other_user, version):
    original(user), other_user.deliver(mime("b@example.org", other_user.address, "geheim", "fremd"))
    r, d, sid = ready(phone, user, version)
    fid = sid.split(":")[0]
    before = len(other_user.mails())
    m = mime(user.address, other_user.address, "Antwort", "x")
    for bad in (fid + ":9999", "9999:1", "quatsch", "1:" + "9" * 60, fid + ":"):
        for cmd in ("SmartReply", "SmartForward"):
            expect(smart(d, cmd, m, bad), 150, 500)
    expect(smart(d, "SmartReply", m, sid, folder="9999"), 150, 500)
    expect(smart(d, "SmartReply", m, None, folder=fid), 103, 400)
    expect(smart(d, "SmartReply", m, sid, long_id="AAAA"), 105, 400)
    expect(smart(d, "SmartReply", m, sid, instance="gestern"), 104, 400)
    expect(smart(d, "SmartReply", m, sid, instance="2023-11-20T09:00:00.000Z"), 146, 500)
    for bad in ("AAAA", "A" * 256, "../../etc", "x" * 300):
        a = smart(d, "SmartReply", m, None, long_id=bad, folder="")
        assert a.status in (400, 500) if d.v < 14 else a.code in ("106", "150"), a
    assert len(other_user.mails()) == before and not user.mail_named("Frage")[0]["flags"] & 1


@every()
def test_not_a_message(phone, user, version):
    original(user)
    r, d, sid = ready(phone, user, version)
    expect(smart(d, "SmartReply", b"\x00\x01 this is no mail", sid), 107, 400)
    expect(smart(d, "SmartReply", mime(user.address, None, "Niemand"), sid), 119, 400)
    # A header that only some servers see.
    a = smart(d, "SmartReply", mime(user.address, user.address, "x\rBcc: evil@example.org"), sid)
    expect(a, 107, 400)


@every("16.0")
def test_forwardees(phone, user, other_user, third_user, version):
    original(user, "files")
    r, d, sid = ready(phone, user, version)

    def forward(*more, client_id=None):
        return d.cmd("SmartForward", C.SmartForward(
            C.ClientId(client_id or unique("fwd")), C.Source(C.FolderId(sid.split(":")[0]), C.ItemId(sid)), *more))

    def person(address, name=None):
        return C.Forwardee(C.ForwardeeEmail(address), C.ForwardeeName(name) if name else None)
    people = C.Forwardees(person(other_user.address, "Jürgen, Sohn"), person(third_user.address))
    a = forward(people, B.Body(B.Type("1"), B.Data("Zur Kenntnis, ä")))
    assert a.status == 200 and a.body == b"", a
    for u in (other_user, third_user):
        m = got(u, "FW: Frage")
        assert "Zur Kenntnis, ä" in parts(m)["text/plain"] and "Jürgen, Sohn" in str(m["To"])
        assert [p for p in m.walk() if p.get_content_type() == "application/pdf"]
        assert user.address in str(m["From"])
    assert forward(people, C.Mime(mime(user.address, other_user.address, "x"))).code == "178"
    assert forward(people, C.SaveInSentItems()).code == "178"
    assert forward(people, C.ReplaceMime()).code == "178"
    for bad in ("keine Adresse", "a@b\r\nBcc: c@d", "", "@", "x" * 400 + "@example.org"):
        assert forward(C.Forwardees(person(bad))).code == "179", bad
    assert forward(C.Forwardees(person(other_user.address, "a\r\nBcc: c@d"))).code == "179"
    assert forward(C.Forwardees()).code == "179"
    # fm38: what is forwarded to nobody is not sent
    assert forward(B.Body(B.Type("1"), B.Data("nur so"))).code == "179"
    assert len(other_user.mails()) == 1
