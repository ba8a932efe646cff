# SPDX-License-Identifier: Apache-2.0
"""What kind of mail it is: meetings, reports, signed ones; sender, conversation, categories, body parts (MS-ASEMAIL)."""
import base64
import struct

import pytest

from easlib.items import html_mime, mime
from easlib.mark import every, rows
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E

BERLIN = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
ZONED = "DTSTART;TZID=W. Europe Standard Time:20300703T100000\nDTEND;TZID=W. Europe Standard Time:20300703T113000\n"
PLAIN = "DTSTART:20300703T080000Z\nDTEND:20300703T093000Z\n"


def invitation(user, method="REQUEST", times=ZONED, more="", uid="u1@example.org", zone=BERLIN, name=None):
    ics = (f"BEGIN:VCALENDAR\nPRODID:-//Test//DE\nVERSION:2.0\nMETHOD:{method}\n{zone}BEGIN:VEVENT\nUID:{uid}\n"
           f"DTSTAMP:20300101T120000Z\n{times}SUMMARY:Besprechung\nLOCATION:Raum 5\\, links\n"
           f'ORGANIZER;CN="Chef, Der":mailto:chef@example.org\n'
           f"ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{user.address}\n{more}END:VEVENT\nEND:VCALENDAR\n")
    data = base64.encodebytes(ics.replace("\n", "\r\n").encode()).decode().replace("\n", "\r\n")
    disposition = f'Content-Disposition: attachment; filename="{name}"\r\n' if name else ""
    return (f"From: chef@example.org\r\nTo: {user.address}\r\nSubject: Besprechung\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/alternative; boundary="aa"\r\n\r\n--aa\r\nContent-Type: text/plain\r\n\r\n'
            f"Kommt alle\r\n--aa\r\nContent-Type: text/calendar; charset=utf-8; method={method}\r\n{disposition}"
            f"Content-Transfer-Encoding: base64\r\n\r\n{data}--aa--\r\n").encode()


def one(phone, user, version, body=("1", None), options=None):
    r = phone(version, user=user)
    cid = r.folder(2)
    r.open(cid).body = body
    r.sync(cid, **({"options": options} if options is not None else {}))
    (data,) = r.collections[cid].items.values()
    return data


@every()
def test_invitation(phone, user, version):
    user.deliver(invitation(user, more="BEGIN:VALARM\nTRIGGER:-PT15M\nACTION:DISPLAY\nEND:VALARM\n"))
    d = one(phone, user, version)
    m = d["MeetingRequest"]
    assert d.val("MessageClass") == "IPM.Schedule.Meeting.Request"
    if version != "2.5":
        assert d.val("ContentClass") == "urn:content-classes:calendarmessage"
    assert (m.val("StartTime"), m.val("EndTime")) == ("2030-07-03T08:00:00.000Z", "2030-07-03T09:30:00.000Z")
    assert m.val("DtStamp") == "2030-01-01T12:00:00.000Z"
    assert (m.val("AllDayEvent"), m.val("InstanceType"), m.val("Sensitivity"), m.val("BusyStatus")) == ("0", "0", "0", "2")
    assert m.val("Organizer") == '"Chef, Der" <chef@example.org>' and m.val("ResponseRequested") == "1"
    assert m.val("Reminder") == "15" and "RecurrenceId" not in m and "Recurrences" not in m
    if float(version) < 16:
        assert m.val("Location") == "Raum 5, links"
        raw = base64.b64decode(m.val("GlobalObjId"))
        assert raw[:16].hex() == "040000008200e00074c5b7101a82e008" and raw[16:36] == bytes(20)
        assert struct.unpack("<I", raw[36:40])[0] == len(raw) - 40 and raw[40:] == b"vCal-Uid\x01\0\0\0u1@example.org\0"
    else:
        assert m.val("AirSyncBase:Location/DisplayName") == "Raum 5, links"
        assert m.val("Calendar:UID") == "u1@example.org" and "GlobalObjId" not in m
    blob = base64.b64decode(m.val("TimeZone"))
    assert len(blob) == 172 and struct.unpack_from("<i", blob, 0)[0] == -60
    assert struct.unpack_from("<8H", blob, 68)[:5] == (0, 10, 0, 5, 3) and struct.unpack_from("<i", blob, 168)[0] == -60
    assert ("DisallowNewTimeProposal" in m) == (float(version) >= 14)
    assert m.val("MeetingMessageType") == ("1" if float(version) >= 14.1 else None)
    assert "Attachments" not in d, "the invitation itself is no attachment"
    names = [e.name.split(":")[1] for e in m]
    order = ["AllDayEvent", "StartTime", "DtStamp", "EndTime", "InstanceType", "Location", "Organizer", "RecurrenceId",
             "Reminder", "ResponseRequested", "Recurrences", "Sensitivity", "BusyStatus", "TimeZone", "GlobalObjId",
             "DisallowNewTimeProposal", "MeetingMessageType", "UID"]
    assert names == [n for n in order if n in names]


@every()
@rows("name,method,more,want", [
    ("cancel", "cancel", "CANCEL", "STATUS:CANCELLED\n", "IPM.Schedule.Meeting.Canceled"),
    ("accepted", "accepted", "REPLY", "", "IPM.Schedule.Meeting.Resp.Pos"),
    ("declined", "declined", "REPLY", "", "IPM.Schedule.Meeting.Resp.Neg"),
    ("tentative", "tentative", "REPLY", "", "IPM.Schedule.Meeting.Resp.Tent"),
    ("counter", "counter", "COUNTER", "", "IPM.Schedule.Meeting.Resp.Tent"),
    ("publish", "publish", "PUBLISH", "", "IPM.Note")])
def test_answers_and_cancellations(phone, user, version, name, method, more, want):
    raw = invitation(user, method, PLAIN, more)
    if method == "REPLY":
        ics = raw.split(b"base64\r\n\r\n")[1].split(b"--aa--")[0]
        text = base64.b64decode(ics).replace(b"NEEDS-ACTION;RSVP=TRUE", name.upper().encode())
        raw = raw.replace(ics, base64.encodebytes(text).replace(b"\n", b"\r\n"))
    user.deliver(raw)
    d = one(phone, user, version)
    assert d.val("MessageClass") == want
    assert ("MeetingRequest" in d) == (want != "IPM.Note")
    if want != "IPM.Note":
        assert d.val("MeetingRequest/ResponseRequested") == "0"
        if float(version) >= 14.1:
            assert d.val("MeetingRequest/MeetingMessageType") == "0"
    if method == "COUNTER" and version == "16.1":
        assert d.val("MeetingRequest/MeetingResponse:ProposedStartTime") == "20300703T080000Z"


@rows("rule,want", [
    ("daily", "FREQ=DAILY;INTERVAL=2;COUNT=5", {"Type": "0", "Interval": "2", "Occurrences": "5"}),
    ("weekly", "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20301231T000000Z",
     {"Type": "1", "Interval": "1", "DayOfWeek": "10", "Until": "20301231T000000Z"}),
    ("weekly plain", "FREQ=WEEKLY", {"Type": "1", "DayOfWeek": "8"}),
    ("monthly", "FREQ=MONTHLY;BYMONTHDAY=3", {"Type": "2", "DayOfMonth": "3"}),
    ("monthly last", "FREQ=MONTHLY;BYDAY=-1FR", {"Type": "3", "WeekOfMonth": "5", "DayOfWeek": "32"}),
    ("monthly setpos", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
     {"Type": "3", "WeekOfMonth": "1", "DayOfWeek": "62"}),
    ("yearly", "FREQ=YEARLY", {"Type": "5", "DayOfMonth": "3", "MonthOfYear": "7"}),
    ("yearly nth", "FREQ=YEARLY;BYDAY=2SU;BYMONTH=5",
     {"Type": "6", "WeekOfMonth": "2", "DayOfWeek": "1", "MonthOfYear": "5"}),
])
def test_recurring_invitation(phone, user, rule, want):
    user.deliver(invitation(user, more=f"RRULE:{rule}\n"))
    m = one(phone, user, "14.1")["MeetingRequest"]
    r = m["Recurrences/Recurrence"]
    got = {e.name.split(":")[1]: e.text for e in r}
    assert m.val("InstanceType") == "1" and {k: got.get(k) for k in want} == want
    assert ("CalendarType" in got) == (want["Type"] not in "01")


@every()
def test_one_occurrence(phone, user, version):
    user.deliver(invitation(user, more="RECURRENCE-ID;TZID=W. Europe Standard Time:20300702T100000\nSEQUENCE:2\n"))
    m = one(phone, user, version)["MeetingRequest"]
    assert (m.val("InstanceType"), m.val("RecurrenceId")) == ("3", "2030-07-02T08:00:00.000Z")
    if float(version) < 16:
        assert base64.b64decode(m.val("GlobalObjId"))[16:20] == struct.pack(">HBB", 2030, 7, 2)
    if float(version) >= 14.1:
        assert m.val("MeetingMessageType") == "2", "a full update"


@every()
def test_all_day_invitation(phone, user, version):
    """Midnight of the user's own zone (Europe/Berlin in the seed), but floating in 16.x."""
    user.deliver(invitation(user, times="DTSTART;VALUE=DATE:20300703\nDTEND;VALUE=DATE:20300704\n", zone=""))
    m = one(phone, user, version)["MeetingRequest"]
    assert m.val("AllDayEvent") == "1"
    start, end = m.val("StartTime"), m.val("EndTime")
    if float(version) >= 16:
        assert (start, end) == ("2030-07-03T00:00:00.000Z", "2030-07-04T00:00:00.000Z")
    else:
        assert (start, end) in (("2030-07-02T22:00:00.000Z", "2030-07-03T22:00:00.000Z"),
                                ("2030-07-03T00:00:00.000Z", "2030-07-04T00:00:00.000Z"))


def test_outlook_uid_keeps_its_bytes(phone, user):
    uid = "040000008200E00074C5B7101A82E00800000000" + "00112233445566770000000000000000" + "10000000" + "AB" * 16
    user.deliver(invitation(user, uid=uid))
    raw = base64.b64decode(one(phone, user, "14.1").val("MeetingRequest/GlobalObjId"))
    assert raw.hex().upper() == uid


@pytest.mark.parametrize("broken", ["", "BEGIN:VCALENDAR", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR",
                                    "BEGIN:VEVENT\r\n" * 2000, "METHOD:REQUEST\r\n\0\0\xff" * 50,
                                    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTART:99999999T\r\n"
                                    "RRULE:FREQ=YEARLY;BYDAY=999XX\r\nEND:VEVENT\r\nEND:VCALENDAR"])
def test_broken_invitation_is_a_mail(phone, user, broken):
    user.deliver((f"From: a@example.org\r\nSubject: Kaputt\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; "
                  f"method=REQUEST\r\n\r\n{broken}").encode("latin-1"))
    d = one(phone, user, "14.1")
    assert d.val("Subject") == "Kaputt" and d.val("MessageClass") == "IPM.Note"


def report(kind, part):
    return (f"From: mailer@example.org\r\nSubject: Bericht\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; "
            f'report-type={kind}; boundary="rr"\r\n\r\n--rr\r\nContent-Type: text/plain\r\n\r\nBericht\r\n--rr\r\n'
            f"Content-Type: message/{kind}\r\n\r\n{part}\r\n--rr--\r\n").encode()


@every()
@rows("raw,want", [
    ("failed", report("delivery-status", "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\n"),
     "REPORT.IPM.Note.NDR"),
    ("delayed", report("delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: delayed\r\n"), "REPORT.IPM.Note.DELAYED"),
    ("delivered", report("delivery-status", "Reporting-MTA: dns; x\r\n\r\nAction: delivered\r\n"), "REPORT.IPM.Note.DR"),
    ("read", report("disposition-notification",
                    "Disposition: manual-action/MDN-sent-manually; displayed\r\n"), "REPORT.IPM.Note.IPNRN"),
    ("unread", report("disposition-notification",
                      "Disposition: automatic-action/MDN-sent-automatically; deleted\r\n"), "REPORT.IPM.Note.IPNNRN")])
def test_reports(phone, user, version, raw, want):
    user.deliver(raw)
    d = one(phone, user, version)
    assert d.val("MessageClass") == want
    if version != "2.5":
        assert d.val("ContentClass") in ("urn:content-classes:dsn", "urn:content-classes:mdn")


SIGNED = (b"From: s@example.org\r\nSubject: Signiert \xc3\xbc\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; "
          b'protocol="application/pkcs7-signature"; micalg=sha-256; boundary="ss"\r\n\r\npreamble\r\n--ss\r\n'
          b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\xfc\xdfe  \r\n--ss\r\n"
          b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n"
          b"--ss--\r\nepilogue")
SEALED = (b"From: s@example.org\r\nSubject: Geheim\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; "
          b"smime-type=enveloped-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n")


@every("12.0")
@rows("raw,want", [("signed", SIGNED, "IPM.Note.SMIME.MultipartSigned"), ("sealed", SEALED, "IPM.Note.SMIME")])
@pytest.mark.parametrize("support", ["1", "2"])
def test_smime_is_exact(phone, user, version, raw, want, support):
    """Each byte as it was delivered, and whole, whatever the truncation."""
    user.deliver(raw)
    d = one(phone, user, version, options=A.Options(A.MIMETruncation("1"), A.MIMESupport(support), B.BodyPreference(
        B.Type("4"), B.TruncationSize("10"))))
    b = d["AirSyncBase:Body"]
    data = b["Data"].value
    assert d.val("MessageClass") == want and b.val("Type") == "4" and "Truncated" not in b
    assert (data if isinstance(data, bytes) else data.encode()) == raw


def test_smime_of_2_5(phone, user):
    """MIMEData is text there: a message of 7 bits, as mailers send signed ones."""
    raw = SIGNED.replace(b"\xfc\xdf", b"ue").replace(b"\xc3\xbc", b"ue")
    user.deliver(raw)
    d = one(phone, user, "2.5", options=A.Options(A.MIMETruncation("1"), A.MIMESupport("1")))
    assert d.val("MIMEData").encode() == raw and d.val("MIMETruncated") == "0"


@every("14.0")
def test_sender_and_bcc(phone, user, version):
    user.deliver(mime("Chef <chef@example.org>", "alle@example.org", "S", "x",
                      f"Sender: Sekretariat <sek@example.org>\r\nBcc: {user.address}\r\n"))
    d = one(phone, user, version)
    assert "sek@example.org" in d.val("Sender") and "chef@example.org" in d.val("From") and d.val("ReceivedAsBcc") == "1"


@every("14.0")
def test_no_sender_and_no_bcc(phone, user, version):
    user.deliver(mime("Chef <chef@example.org>", user.address, "S", "x", "Sender: CHEF@example.org\r\n"))
    d = one(phone, user, version)
    assert "Sender" not in d and "ReceivedAsBcc" not in d


@every()
@rows("headers,want", [("none", "", "1"), ("x high", "X-Priority: 2\r\n", "2"), ("x low", "X-Priority: 5\r\n", "0"),
                       ("high", "Importance: High\r\n", "2"), ("low", "Importance: low\r\n", "0")])
def test_importance(phone, user, version, headers, want):
    user.deliver(mime("a@example.org", user.address, "I", "x", headers))
    assert one(phone, user, version).val("Importance") == want


@every("14.0")
def test_conversation(phone, user, version):
    """A Thread-Index is taken apart; without one the first message of the thread names it."""
    guid, stamp = bytes(range(16)), b"\xd0\x01\x02\x03\x04"
    level = b"\x11\x22\x33\x44\x50"
    index = base64.b64encode(b"\x01" + stamp + guid + level).decode()
    user.deliver(mime("a@example.org", user.address, "AW: Faden", "1", f"Thread-Index: {index}\r\n"))
    user.deliver(mime("a@example.org", user.address, "Anfang", "2", "Message-ID: <r@x>\r\n"))
    user.deliver(mime("b@example.org", user.address, "Re: Anfang", "3",
                      "Message-ID: <s@x>\r\nReferences: <r@x> <q@x>\r\nIn-Reply-To: <q@x>\r\n"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    by = {d.val("Subject"): d for d in r.collections[cid].items.values()}
    first = by["AW: Faden"]
    assert first["ConversationId"].value == guid and first["ConversationIndex"].value == stamp + level
    assert first.val("ThreadTopic") == "Faden"
    a, b = by["Anfang"], by["Re: Anfang"]
    assert a["ConversationId"].value == b["ConversationId"].value != guid and len(a["ConversationId"].value) == 16


@every("14.0")
def test_categories(phone, user, version):
    """OX keeps one colour; it is a category on the phone, both ways."""
    user.site.ox.control("module/mail", op="deliver", user=user.name, subject="Rot", color=1)
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    ((sid, d),) = r.collections[cid].items.items()
    assert [c.text for c in d.all("Categories/Category")] == ["Red Category"]

    def color():
        return user.call("GET", "mail", "get", folder="default0/INBOX", id=user.mails()[0]["id"], unseen="true")["color_label"]
    for change, want in ((E.Categories(E.Category("Egal"), E.Category("blue category")), 2), (E.Categories(), 0),
                         (E.Categories(E.Category("Yellow Category")), 10)):
        t = r.change(cid, sid, [change])
        assert t.status == "1" and not t.responses and not t.commands and color() == want, t
    t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(E.Categories(E.Category("Projekt X"))))])
    assert t.response("Change", ServerId=sid).val("Status") == "6" and color() == 10, "it cannot be kept: refused"
    user.deliver(mime("b@example.org", user.address, "Ohne"))
    (t,) = r.sync(cid)
    (data,) = t.of("Add").values()
    assert "Categories" in data and not list(data["Categories"])


def test_no_categories_before_14_0(phone, user):
    user.site.ox.control("module/mail", op="deliver", user=user.name, subject="Rot", color=1)
    assert "Categories" not in one(phone, user, "12.1")


@every("14.1")
def test_body_part(phone, user, version):
    html = "<html><body><p>" + "Wörter " * 100 + "</p></body></html>"
    user.deliver(html_mime("b@example.org", user.address, "P", "Text", html))
    d = one(phone, user, version, options=A.Options(
        B.BodyPreference(B.Type("1")), B.BodyPartPreference(B.Type("2"), B.TruncationSize("60"), B.Preview("20"))))
    p = d["AirSyncBase:BodyPart"]
    assert (p.val("Status"), p.val("Type"), p.val("Truncated")) == ("1", "2", "1")
    assert len(p.val("Data").encode()) <= 60 and html.startswith(p.val("Data"))
    assert int(p.val("EstimatedDataSize")) >= len(html.encode()) and 0 < len(p.val("Preview")) <= 20
    assert d.val("AirSyncBase:Body/Data").strip() == "Text"


@every("14.1")
def test_body_part_sticks(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(2)
    r.turn(cid)
    r.turn(cid, options=A.Options(B.BodyPartPreference(B.Type("2"), B.AllOrNone("1"))))
    user.deliver(html_mime("b@example.org", user.address, "P", "Text", "<p>H</p>"))
    c = r.collections[cid]
    a = r.device.sync(r.device.collection(c.key, cid, "Email", get_changes="1"))
    (part,) = [e for e in a.doc.walk() if e.name == "AirSyncBase:BodyPart"]
    assert "<p>H</p>" in part.val("Data")


def test_body_part_of_another_type(phone, user):
    r = phone("14.1", user=user)
    cid = r.folder(2)
    r.turn(cid)
    t = r.turn(cid, options=A.Options(B.BodyPartPreference(B.Type("1"))))
    assert "164" in (t.status, t.answer.code if hasattr(t, "answer") else None), t
