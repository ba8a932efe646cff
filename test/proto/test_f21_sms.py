# SPDX-License-Identifier: Apache-2.0
"""Short messages that a phone keeps in a mail folder (MS-ASMS, 14.0 and newer): stored as mails, never sent."""
from easlib.items import punctuated, when
from easlib.mark import every, rows
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E, Settings as S

ANNA, ME = '"Änna Arm" [MOBILE:+49 170 1234567]', '"Ich" [MOBILE:+49301]'
SENT = when("2031-05-06 09:30")


def sms(text="Hallo, bis gleich ü", sender=ANNA, to=ME, read="0", kind="1", **more):
    return [E.To(to) if to else None, E.From(sender) if sender else None, E.DateReceived(punctuated(SENT)),
            E.Importance("2"), E.Read(read), B.Body(B.Type(kind), B.Data(text)) if text is not None else None]


def with_sms(phone, user, version, folder=2):
    """A phone that asks for short messages too."""
    r = phone(version, user=user)
    cid = r.folder(folder)
    c = r.open(cid)
    c.options = [A.Options(A.FilterType("0"), A.Class("Email"), B.BodyPreference(B.Type("1"))),
                 A.Options(A.FilterType("0"), A.Class("SMS"), B.BodyPreference(B.Type("1")))]
    r.sync(cid)
    return r, cid


def add(r, cid, data, lose=0):
    t = r.turn(cid, [A.Add(A.Class("SMS"), A.ClientId("s1"), A.ApplicationData(*data))], lose)
    row = t.response("Add", ClientId="s1")
    assert row.val("Class") == "SMS" and row.children[0].tag == "Class", t
    if row.val("Status") == "1":
        r.collections[cid].items[row.val("ServerId")] = A.ApplicationData(*data)
    return row.val("Status"), row.val("ServerId"), t


@every("14.0")
def test_kept_as_a_mail(phone, user, version):
    r, cid = with_sms(phone, user, version)
    status, sid, t = add(r, cid, sms(), lose=2)
    assert status == "1" and sid and not t.commands, t
    (m,) = user.mails()
    assert m["subject"] == "Hallo, bis gleich ü" and not m["flags"] & 32
    source = user.source(m["id"])
    assert source.get_content().strip() == "Hallo, bis gleich ü" and source["X-Message-Class"] == "IPM.Note.Mobile.SMS"
    assert "Änna Arm" in str(source["From"]) and "+491701234567@sms.invalid" in str(source["From"])
    assert not r.sync(cid)[-1].commands and not user.mails("default0/Sent")


@every("14.0")
def test_told_to_the_phone_again(phone, user, version):
    """As a short message where those are asked for, else as a mail; people as they were written."""
    r, cid = with_sms(phone, user, version)
    _, sid, _ = add(r, cid, sms(read="1"))
    c = r.collections[cid]
    c.key, c.items = "0", {}
    turns = r.sync(cid)
    (cmd,) = [e for t in turns for e in t.commands]
    assert (cmd.tag, cmd.val("Class"), cmd.val("ServerId")) == ("Add", "SMS", sid) and cmd.children[0].tag == "Class"
    d = cmd["ApplicationData"]
    assert (d.val("From"), d.val("To"), d.val("Importance"), d.val("Read")) == (ANNA, ME, "2", "1")
    assert d.val("DateReceived") == punctuated(SENT) and d.val("MessageClass") == "IPM.Note.Mobile.SMS"
    assert d.val("AirSyncBase:Body/Data").strip() == "Hallo, bis gleich ü"
    other = phone(version, user=user)
    turns = other.sync(other.folder(2))
    (cmd,) = [e for t in turns for e in t.commands]
    assert "Class" not in cmd and cmd["ApplicationData"].val("MessageClass") == "IPM.Note.Mobile.SMS"


@every("14.0")
def test_read_and_deleted(phone, user, version):
    r, cid = with_sms(phone, user, version)
    _, sid, _ = add(r, cid, sms())
    t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(E.Read("1")))])
    assert not t.responses and user.mails()[0]["flags"] & 32
    user.flag(user.mails()[0]["id"], 0, 32)
    user.deliver(b"From: a@example.org\r\nSubject: Mail\r\n\r\nx\r\n")
    (t,) = r.sync(cid)
    by = {e.tag: e for e in t.commands}
    assert by["Change"].val("Class") == "SMS" and "Class" not in by["Add"]
    r.delete(cid, sid)
    assert [m["subject"] for m in user.mails()] == ["Mail"]


@every("14.0")
@rows("data", [["no text", sms(None)], ["nobody", sms(sender=None, to=None)], ["html", sms(kind="2")],
               ["bad read", sms(read="x")], ["header", sms(sender="a\r\nBcc: x@example.org")],
               ["long", sms("x" * 70000)]])
def test_refused(phone, user, version, data):
    r, cid = with_sms(phone, user, version)
    assert add(r, cid, data)[0] == "6" and not user.mails()


@every("14.0")
def test_none_is_sent(phone, user, version):
    """The Outbox takes none, and asking for outbound messages is taken and leads to nothing."""
    r, cid = with_sms(phone, user, version, 6)
    assert add(r, cid, sms())[0] == "6"
    a = r.device.settings(S.DeviceInformation(S.Set(S.Model("M"), S.PhoneNumber("+49301"), S.EnableOutboundSMS("1"))))
    assert a.doc.val("DeviceInformation/Status") == "1"


@every("2.5", "12.1")
def test_older_versions(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    data = [E.To(ME), E.From(ANNA), E.Read("0")]
    t = r.turn(cid, [A.Add(A.Class("SMS"), A.ClientId("s1"), A.ApplicationData(*data))])
    assert t.response("Add", ClientId="s1").val("Status") == "6" and not user.mails()
