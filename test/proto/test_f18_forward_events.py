# SPDX-License-Identifier: Apache-2.0
"""SmartForward and SmartReply of events (MS-ASCMD 2.2.1.19, 2.2.1.20): what they say goes along as iCalendar."""
import re

from easlib.client import expect, unique
from easlib.items import millis, mime, when
from easlib.mark import every
from easlib.wbxml import AirSyncBase as B, ComposeMail as C

from test_e03_meetings import SERIES, invite
from test_f03_attachments import attachments, box, message, reference
from test_f12_smart import got, parts, smart

START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")
DAY = 86400000


def lines(m):
    """Unfolded lines of the calendar part, and the part."""
    (part,) = [p for p in m.walk() if p.get_content_type() == "text/calendar"]
    return re.sub(r"\r?\n[ \t]", "", part.get_content()).splitlines(), part


def values(text, name):
    """Values of a property, in order."""
    return [line.split(":", 1)[1] for line in text if re.match(name + "[:;]", line)]


def calendar(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(8)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    return r, sid


def forward(r, user, to, sid, subject="WG: Termin", instance=None, cmd="SmartForward"):
    return smart(r.device, cmd, mime(user.address, to.address, subject, "Komm doch auch, ä"), sid, instance=instance)


@every()
def test_appointment(phone, user, other_user, version):
    user.new("calendar", title="Zahnarzt; früh", start_date=millis(START), end_date=millis(END), location="Hauptstr. 1",
             note="Karte, mitnehmen\nund Röntgenbild", timezone="Europe/Berlin")
    r, sid = calendar(phone, user, version)
    a = forward(r, user, other_user, sid)
    assert a.status == 200 and a.body == b"", a
    m = got(other_user, "WG: Termin")
    text, part = lines(m)
    assert values(text, "SUMMARY") == ["Zahnarzt\\; früh"] and values(text, "LOCATION") == ["Hauptstr. 1"]
    assert values(text, "DTSTART") == ["20310106T090000Z"] and values(text, "DTEND") == ["20310106T100000Z"]
    assert values(text, "DESCRIPTION") == ["Karte\\, mitnehmen\\nund Röntgenbild"]
    assert values(text, "METHOD") == ["PUBLISH"] and part.get_param("method") == "PUBLISH"
    assert values(text, "ORGANIZER") == [f"mailto:{user.address}"] and values(text, "UID") != [""]
    shown = parts(m)["text/plain"]
    assert "Komm doch auch, ä" in shown and "Röntgenbild" in shown
    assert "When: 2031-01-06 10:00 - 2031-01-06 11:00 (Europe/Berlin)" in shown and "Where: Hauptstr. 1" in shown


@every()
def test_meeting_of_somebody_else(phone, user, other_user, third_user, version):
    """The organizer stays who it is, and whoever gets the forward is asked."""
    oid, _ = invite(other_user, user)
    uid = other_user.get("calendar", oid)["uid"]
    r, sid = calendar(phone, user, version)
    assert forward(r, user, third_user, sid).body == b""
    text, part = lines(got(third_user, "WG: Termin"))
    assert part.get_param("method") == "REQUEST" == values(text, "METHOD")[0]
    assert values(text, "UID") == [uid] and values(text, "ORGANIZER") == [f"mailto:{other_user.address}"]
    attendees = values(text, "ATTENDEE")
    assert f"mailto:{third_user.address}" in attendees and len(set(attendees)) == len(attendees)
    assert any("RSVP=TRUE" in line and third_user.address in line for line in text)


@every()
def test_series_and_one_occurrence(phone, user, other_user, version):
    oid = user.new("calendar", title="Jour fixe", start_date=millis(START), end_date=millis(END),
                   timezone="Europe/Berlin", **SERIES)
    user.call("PUT", "calendar", "delete", [{"id": oid, "folder": user.default("calendar"), "pos": 2}],
              timestamp=user.far())
    r, sid = calendar(phone, user, version)
    assert forward(r, user, other_user, sid, "Serie").body == b""
    text, _ = lines(got(other_user, "Serie"))
    assert "BEGIN:VTIMEZONE" in text and "DTSTART;TZID=Europe/Berlin:20310106T100000" in text
    rule = dict(p.split("=") for p in next(v for v in values(text, "RRULE") if "WEEKLY" in v).split(";"))
    assert (rule["FREQ"], rule["BYDAY"], rule["COUNT"]) == ("WEEKLY", "MO", "10")
    assert "EXDATE;TZID=Europe/Berlin:20310113T100000" in text
    assert forward(r, user, other_user, sid, "Eine", "2031-01-20T09:00:00.000Z").body == b""
    text, _ = lines(got(other_user, "Eine"))
    assert values(text, "DTSTART") == ["20310120T090000Z"] == values(text, "RECURRENCE-ID")
    assert not values(text, "RRULE") and values(text, "SUMMARY") == ["Jour fixe"]
    expect(forward(r, user, other_user, sid, "x", "2031-01-13T09:00:00.000Z"), 150, 500)  # deleted
    expect(forward(r, user, other_user, sid, "x", "2031-06-20T09:00:00.000Z"), 150, 500)
    expect(forward(r, user, other_user, sid, "x", "morgen"), 104, 400)
    assert len(other_user.mails()) == 2


@every()
def test_occurrence_of_what_does_not_recur(phone, user, other_user, version):
    user.new("calendar", title="Einmal", start_date=millis(START), end_date=millis(END), timezone="Europe/Berlin")
    r, sid = calendar(phone, user, version)
    expect(forward(r, user, other_user, sid, instance="2031-01-06T09:00:00.000Z"), 146, 500)
    assert not other_user.mails()


@every()
def test_whole_days(phone, user, other_user, version):
    day = millis(when("2031-01-06 00:00"))
    user.new("calendar", title="Urlaub", start_date=day, end_date=day + 3 * DAY, full_time=True, timezone="Europe/Berlin")
    r, sid = calendar(phone, user, version)
    assert forward(r, user, other_user, sid).body == b""
    m = got(other_user, "WG: Termin")
    text, _ = lines(m)
    assert values(text, "DTSTART") == ["20310106"] and values(text, "DTEND") == ["20310109"]
    assert "When: 2031-01-06 - 2031-01-08" in parts(m)["text/plain"]


@every()
def test_reply_tells_what_it_is_about(phone, user, other_user, version):
    """And brings no calendar along."""
    invite(other_user, user)
    r, sid = calendar(phone, user, version)
    assert forward(r, user, other_user, sid, "AW: Termin", cmd="SmartReply").body == b""
    m = got(other_user, "AW: Termin")
    assert "Komm doch" in m.get_content() and "Where: Raum 1" in m.get_content() and not m.is_multipart()


@every("16.0")
def test_forwardees(phone, user, other_user, third_user, version):
    invite(other_user, user)
    r, sid = calendar(phone, user, version)
    source = C.Source(C.FolderId(sid.split(":")[0]), C.ItemId(sid))
    people = C.Forwardees(C.Forwardee(C.ForwardeeEmail(third_user.address), C.ForwardeeName("Carl C")))
    a = r.device.cmd("SmartForward", C.SmartForward(C.ClientId(unique("f")), source, people,
                                                    B.Body(B.Type("2"), B.Data("<p>Sieh <b>mal</b></p>"))))
    assert a.status == 200 and a.body == b"", a
    m = got(third_user, "FW: Besprechung")
    text, part = lines(m)
    assert part.get_param("method") == "REQUEST" and f"mailto:{third_user.address}" in values(text, "ATTENDEE")
    assert "<b>mal</b>" in parts(m)["text/html"] and "Raum 1" in parts(m)["text/html"]
    assert user.mail_named("FW: Besprechung", "default0/Sent")


@every()
def test_file_reference_is_no_long_id(phone, user, other_user, version):
    """What names a part of a mail names no mail."""
    user.deliver(message(user, [(b"pdf", "application/pdf", "a.pdf", {})]))
    r, cid = box(phone, user, version)
    ref = reference(attachments(r, cid)[0], version)
    for cmd in ("SmartReply", "SmartForward"):
        expect(smart(r.device, cmd, mime(user.address, other_user.address, "x", "y"), None, long_id=ref, folder=""), 150,
               500)
    assert not other_user.mails()


@every()
def test_invitation_is_forwarded_with_its_calendar(phone, user, other_user, version):
    """A mail that invites, forwarded: whoever gets it can answer."""
    invitation = ("From: host@example.org\r\nTo: %s\r\nSubject: Termin\r\nMIME-Version: 1.0\r\n"
                  "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\n"
                  "Bitte kommen\r\n--a\r\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
                  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:u-1\r\n"
                  "DTSTART:20310106T090000Z\r\nDTEND:20310106T100000Z\r\nSUMMARY:Termin\r\n"
                  "ORGANIZER:mailto:host@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n--a--\r\n" % user.address)
    user.deliver(invitation.encode())
    r, cid = box(phone, user, version)
    (sid,) = r.collections[cid].items
    assert forward(r, user, other_user, sid, "WG: Einladung").body == b""
    text, part = lines(got(other_user, "WG: Einladung"))
    assert values(text, "UID") == ["u-1"] and part.get_param("method") == "REQUEST"
