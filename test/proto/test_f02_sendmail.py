# SPDX-License-Identifier: Apache-2.0
"""SendMail in both forms (MS-ASCMD 2.2.1.17)."""
import threading

import pytest

from easlib.items import mime
from easlib.mark import every
from easlib.wbxml import ComposeMail as C

SENT = "default0/Sent"


@every()
@pytest.mark.parametrize("save", [False, True])
def test_sent_and_kept(phone, user, other_user, version, save):
    d = phone(version, user=user).device
    a = d.sendmail(mime(user.address, other_user.address, "Post ue", "Umlaute äöüß € 😀"), save)
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("Post ue")
    assert other_user.source(m["id"]).get_content().strip() == "Umlaute äöüß € 😀"
    assert len(user.mail_named("Post ue", SENT)) == int(save)
    if save:
        assert user.mail_named("Post ue", SENT)[0]["flags"] & 32


@every()
@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-8"])
def test_8_bit_bodies_arrive(phone, user, other_user, version, charset):
    d = phone(version, user=user).device
    assert d.sendmail(mime(user.address, other_user.address, charset, "Grüße", charset=charset)).body == b""
    (m,) = other_user.mail_named(charset)
    assert other_user.source(m["id"]).get_content().strip() == "Grüße"


@every()
def test_fm48_umlauts_in_headers(phone, user, other_user, version):
    """Raw UTF-8 in From and Subject, as some phones send it."""
    d = phone(version, user=user).device
    a = d.sendmail(mime(f"Jürgen Müller <{user.address}>", other_user.address, "Grüße aus Köln"))
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("Grüße aus Köln")
    assert "Jürgen" in str(other_user.source(m["id"])["From"])


@every("12.1")
def test_base64_query(phone, user, other_user, version):
    d = phone(version, user=user, query="base64").device
    assert d.sendmail(mime(user.address, other_user.address, "b64"), True).body == b""
    assert other_user.mail_named("b64") and user.mail_named("b64", SENT)


@every("14.0")
def test_fm47_client_id_repeated(phone, user, other_user, version):
    """Sent once, whatever the phone repeats."""
    d = phone(version, user=user).device
    m = mime(user.address, other_user.address, "Einmal")
    first = d.sendmail(m, client_id="same")
    again = [d.sendmail(m, client_id="same") for _ in range(2)]
    assert first.body == b"" and all(a.status == 200 and a.code == "118" for a in again), again
    assert len(other_user.mail_named("Einmal")) == 1
    assert d.sendmail(m, client_id="another").body == b""


@every("2.5", "12.1")
def test_fm47_message_repeated(phone, user, other_user, version):
    """There is no ClientId yet: the message itself is known again, by its bytes, when it says when it was written."""
    d = phone(version, user=user).device
    head = "Date: Mon, 05 May 2031 10:00:00 +0200\r\n"
    for i, extra in enumerate((head, f"Message-ID: <{user.name}@x>\r\n", head.lower())):
        m = mime(user.address, other_user.address, f"Einmal {i}", extra=extra)
        answers = [d.sendmail(m, True) for _ in range(4)]
        assert all(a.status == 200 and a.body == b"" for a in answers), answers
        assert len(other_user.mail_named(f"Einmal {i}")) == len(user.mail_named(f"Einmal {i}", SENT)) == 1
    late = mime(user.address, other_user.address, "Einmal 0", extra=head.replace("10:00", "10:01"))
    assert d.sendmail(late).body == b"" and len(other_user.mail_named("Einmal 0")) == 2
    bare = mime(user.address, other_user.address, "Ohne Datum")
    assert [d.sendmail(bare).body for _ in range(2)] == [b"", b""]
    assert len(other_user.mail_named("Ohne Datum")) == 2, "two short notes alike may be meant"


@every()
def test_fm47_the_same_message_at_once(phone, user, other_user, version):
    """A phone that does not wait: several connections bring one message, and it is sent once."""
    first = phone(version, user=user).device
    message = mime(user.address, other_user.address, "Zugleich", extra="Date: Sun, 01 Nov 2026 10:00:00 +0000\r\n"
                   "Message-ID: <zugleich@example.org>\r\n")
    phones = [phone(version, user=user, ready=False, device_id=first.device_id).device for _ in range(4)]
    answers = []

    def run(d):
        d.policy_key = first.policy_key
        answers.append(d.sendmail(message, client_id="zugleich"))
    threads = [threading.Thread(target=run, args=(d,)) for d in phones]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(answers) == 4 and len(other_user.mail_named("Zugleich")) == 1, answers

@every()
def test_no_recipient(phone, user, version):
    d = phone(version, user=user).device
    a = d.sendmail(mime(user.address, None, "Niemand"))
    assert a.status in (400, 500) if d.v < 14 else (a.status, a.code) == (200, "119"), a


@every()
def test_from_of_somebody_else(phone, user, other_user, third_user, version):
    """The From header never decides who sends."""
    d = phone(version, user=user).device
    a = d.sendmail(mime(other_user.address, third_user.address, "Fremd"))
    got = third_user.mail_named("Fremd")
    if a.status == 200 and a.body == b"":
        assert other_user.address not in str(third_user.source(got[0]["id"])["From"])
    else:
        assert not got


@every()
def test_bcc_is_delivered_and_removed(phone, user, other_user, third_user, version):
    d = phone(version, user=user).device
    a = d.sendmail(mime(user.address, other_user.address, "Blind", extra=f"Bcc: {third_user.address}\r\n"))
    assert a.body == b""
    for u in (other_user, third_user):
        (m,) = u.mail_named("Blind")
        assert u.source(m["id"])["Bcc"] is None


@every("14.0")
@pytest.mark.parametrize("doc", [
    C.SendMail(C.ClientId("1")), C.SendMail(C.Mime(b"From: a\r\n\r\nx")), C.SendMail(),
    C.SendMail(C.ClientId("x" * 41), C.Mime(b"From: a\r\n\r\nx"))],
    ids=["no Mime", "no ClientId", "nothing", "long id"])
def test_schema(phone, version, doc):
    a = phone(version).device.cmd("SendMail", doc)
    assert a.status == 200 and a.code == "103", a


@every("14.0")
def test_mime_as_string_is_tolerated(phone, user, other_user, version):
    d = phone(version, user=user).device
    text = mime(user.address, other_user.address, "als Text").decode()
    assert d.cmd("SendMail", C.SendMail(C.ClientId("s"), C.Mime(text))).body == b""
    assert other_user.mail_named("als Text")


@every()
def test_not_a_message(phone, version):
    """Refused in the words of the version, sent to nobody, no 401."""
    a = phone(version).device.sendmail(b"\x00\x01\x02 this is no mail")
    assert a.status in (400, 500) if float(version) < 14 else a.code in ("107", "119"), a


@every("2.5", "12.1")
def test_wbxml_form_before_14(phone, version):
    d = phone(version).device
    a = d.cmd("SendMail", C.SendMail(C.ClientId("1"), C.Mime(b"From: a\r\nTo: b@example.org\r\n\r\nx")))
    assert a.status == 400, a


@every("14.0")
def test_rfc822_form_from_14(phone, user, version):
    d = phone(version, user=user).device
    a = d.cmd("SendMail", mime(user.address, user.address, "falsch"), kind="message/rfc822")
    assert a.code == "101" or a.status == 400, a


@every()
def test_large_mail(phone, user, other_user, version):
    text = ("0123456789" * 7 + "\r\n") * 40000
    d = phone(version, user=user).device
    a = d.sendmail(mime(user.address, other_user.address, "gross", text))
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("gross")
    assert len(other_user.source(m["id"]).get_content()) >= 40000 * 71


@every("12.1", "14.1")
def test_too_large(phone, user, version):
    """More than EASMaxBody: a status that the phone can show, and the connection stays usable."""
    d = phone(version, user=user).device
    a = d.sendmail(mime(user.address, user.address, "riesig", "x" * 76 + "\r\n") + b"0123456789abcdef" * (33 << 16))
    assert a.status == 413 if d.v < 14 else (a.status, a.code) == (200, "122"), a
    assert user.mails() == [] and d.foldersync().status == 200


@every()
def test_open_xchange_will_not_take_it(site, phone, user, version):
    """What it says of why fits no Status: the mail was not sent, and may be tried again."""
    d = phone(version, user=user).device
    message = mime(user.address, user.address, "Nicht", extra="Message-ID: <nicht@phone>\r\n")
    site.ox.control("fault", user=user.name, module="mail", action="new", kind="error", category="USER_INPUT",
                    code="XXX-0001", count=1)
    a = d.sendmail(message)
    assert a.status == 500 if d.v < 14 else (a.status, a.code) == (200, "120"), a
    assert user.mails() == []
    assert d.sendmail(message, client_id="again").status == 200
    assert len(user.mail_named("Nicht")) == 1
