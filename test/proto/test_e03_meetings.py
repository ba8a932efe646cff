# SPDX-License-Identifier: Apache-2.0
"""Meetings: what attendees may change, and answers to invitations (MS-ASCMD 2.2.1.11), checked in OX."""
import pytest

from easlib.items import compact, event, millis, mime, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C, MeetingResponse as M

CHRONOS = "."  # see conftest.py
DAY = 86400000
START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")
SERIES = dict(recurrence_type=2, interval=1, days=2, occurrences=10)


def invite(host, guest, title="Besprechung", **more):
    me = host.call("GET", "config/identifier", "")
    other = guest.call("GET", "config/identifier", "")
    fields = dict(title=title, start_date=millis(START), end_date=millis(END), timezone="Europe/Berlin",
                  location="Raum 1", participants=[{"id": me, "type": 1}, {"id": other, "type": 1}])
    return host.new("calendar", **{**fields, **more}), other


def calendar(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(8)
    r.sync(cid)
    return r, cid


def confirmed(host, oid, guest):
    return next(u["confirm"] for u in host.get("calendar", oid)["users"] if u["id"] == guest)


def respond(r, *requests):
    a = r.device.cmd("MeetingResponse", M.MeetingResponse(*requests))
    assert a.status == 200, a
    return list(a.doc)


def request(response, rid, cid=None, *more):
    return M.Request(M.UserResponse(response), M.CollectionId(cid) if cid else None, M.RequestId(rid), *more)


@every()
def test_an_invitation_as_the_phone_sees_it(phone, user, other_user, version):
    oid, _ = invite(other_user, user)
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    assert data.val("MeetingStatus") == "3" and data.val("OrganizerEmail") == other_user.address
    if float(version) >= 14:
        assert (data.val("ResponseType"), data.val("ResponseRequested"), data.val("DisallowNewTimeProposal")) == (
            "5", "1", "1")
        assert "AppointmentReplyTime" not in data
    other_user.call("PUT", "calendar", "update", {"location": "Raum 2"}, id=oid,
                    folder=other_user.default("calendar"), timestamp=other_user.far())
    r.sync(cid)
    (data,) = r.collections[cid].items.values()
    assert data.val("AirSyncBase:Location/DisplayName") or data.val("Calendar:Location") == "Raum 2"


@every()
def test_fm37_an_attendee_changes_only_what_is_his_own(phone, user, other_user, version):
    oid, _ = invite(other_user, user, **SERIES)
    r, cid = calendar(phone, user, version)
    ((sid, data),) = r.collections[cid].items.items()
    change = event(version, "Meine Besprechung", START, when("2031-01-06 11:00"), uid=data.val("UID"), reminder="45",
                   location="Raum 1") + [data["Recurrence"]]
    t = r.change(cid, sid, change)
    assert t.status == "1" and t.response("Change", ServerId=sid) is None, t
    theirs, mine = other_user.get("calendar", oid), user.get("calendar", oid)
    assert (theirs["title"], theirs["end_date"], theirs["recurrence_type"]) == ("Besprechung", millis(END), 2)
    assert mine["alarm"] == 45 and theirs["alarm"] != 45
    r.sync(cid)
    got = r.collections[cid].items[sid]
    assert (got.val("Subject"), got.val("EndTime"), got.val("Reminder")) == ("Besprechung", compact(END), "45")


@every()
@pytest.mark.parametrize("response, confirm, eas", [("1", 1, "3"), ("2", 3, "2"), ("3", 2, "4")])
def test_answer_by_the_event(phone, user, other_user, version, response, confirm, eas):
    oid, me = invite(other_user, user)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    for _ in range(2):  # the answer was lost: the same again
        (result,) = respond(r, request(response, sid, cid))
        assert result.val("Status") == "1" and result.val("RequestId") == sid, result
        assert result.val("CalendarId") == (None if response == "3" else sid)
    assert confirmed(other_user, oid, me) == confirm
    r.sync(cid)
    (data,) = r.collections[cid].items.values()
    if float(version) >= 14:
        assert data.val("ResponseType") == eas and "AppointmentReplyTime" in data


@every("14.1")
def test_answer_for_one_occurrence(phone, user, other_user, version):
    oid, me = invite(other_user, user, **SERIES)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items

    def instance(t):
        return M.InstanceId(t)
    (result,) = respond(r, request("3", sid, cid, instance("2031-01-13T09:00:00.000Z")))
    assert result.val("Status") == "1", result
    assert confirmed(other_user, oid, me) == 0
    (exc,) = [o for o in user.objects("calendar") if o.get("recurrence_date_position")]
    assert exc["recurrence_position"] == 2 and confirmed(other_user, exc["id"], me) == 2
    # once more, now that the occurrence is an object of its own
    (result,) = respond(r, request("1", sid, cid, instance("2031-01-13T09:00:00.000Z")))
    assert result.val("Status") == "1" and confirmed(other_user, exc["id"], me) == 1
    r.sync(cid)
    (e,) = r.collections[cid].items[sid]["Exceptions"]
    assert e.val("ResponseType") == "3"
    got = [x.val("Status") for x in respond(
        r, request("1", sid, cid, instance("2031-01-16T09:00:00.000Z")), request("1", sid, cid, instance("rubbish")))]
    assert got == ["2", "104"]


@every()
def test_what_cannot_be_answered(phone, user, other_user, version):
    invite(other_user, user)
    user.new("calendar", title="Eigen", start_date=millis(START), end_date=millis(END))
    user.new("contacts", last_name="Kein Termin", display_name="x")
    r, cid = calendar(phone, user, version)
    con = r.folder(9)
    r.sync(con)
    (contact,), (own,) = r.collections[con].items, r.find(cid, "Calendar:Subject", "Eigen")
    (sid,) = r.find(cid, "Calendar:Subject", "Besprechung")
    bad = [request("4", sid, cid), request("0", sid, cid), request("1", own, cid), request("1", contact, con),
           request("1", "1:99999", cid), request("1", "rubbish", cid), M.Request(M.UserResponse("1"))]
    rows = respond(r, *bad, request("1", sid, cid))
    assert [x.val("Status") for x in rows] == ["2"] * len(bad) + ["1"]
    if float(version) >= 14.1:
        (row,) = respond(r, request("1", sid, cid, M.InstanceId("2031-01-13T09:00:00.000Z")))
        assert row.val("Status") == "146"
    a = r.device.cmd("MeetingResponse", M.MeetingResponse(*[request("1", sid, cid)] * 101))
    assert a.code == "103" if float(version) >= 14 else a.status == 400


@every("16.0")
def test_words_to_the_organizer(phone, user, other_user, version):
    oid, me = invite(other_user, user)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    (row,) = respond(r, request("2", sid, cid, M.SendResponse(B.Body(B.Type("1"), B.Data("Komme später")))))
    assert row.val("Status") == "1"
    (mine,) = [u for u in other_user.get("calendar", oid)["users"] if u["id"] == me]
    assert (mine["confirm"], mine["confirmmessage"]) == (3, "Komme später")


def invitation_mail(host, guest, uid, method="REQUEST", sequence=0, start="20310106T090000Z", end="20310106T100000Z",
                    rule=""):
    return (f"From: {host.address}\r\nTo: {guest.address}\r\nSubject: Einladung\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n"
            f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20310101T000000Z\r\nDTSTART:{start}\r\nDTEND:{end}\r\nSEQUENCE:{sequence}\r\n{rule}"
            f"SUMMARY:Besprechung\r\nORGANIZER:mailto:{host.address}\r\n"
            f"ATTENDEE;RSVP=TRUE:mailto:{guest.address}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").encode()


@every()
def test_answer_by_the_mail(phone, user, other_user, version):
    oid, me = invite(other_user, user)
    user.deliver(invitation_mail(other_user, user, user.get("calendar", oid)["uid"]))
    user.deliver(mime(other_user.address, user.address, "no invitation"))
    r = phone(version, user=user)
    inbox, cid = r.folder(2), r.folder(8)
    r.sync(inbox)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    ids = {m["id"].split("/")[-1]: m for m in user.mails()}
    known, other = [i for i, _ in sorted(r.collections[inbox].items.items(), key=lambda x: int(x[0].split(":")[1]))]
    rows = respond(r, request("1", known, inbox), request("1", other, inbox))
    assert [x.val("Status") for x in rows] == ["1", "2"] and rows[0].val("CalendarId") == sid, rows
    assert confirmed(other_user, oid, me) == 1
    assert len(user.mails()) == len(ids) - 1  # the mail that was answered has gone
    (again,) = respond(r, request("1", known, inbox))
    assert (again.val("Status"), again.val("CalendarId")) == ("1", sid)
    r.sync(inbox)
    assert list(r.collections[inbox].items) == [other]


@every()
@pytest.mark.parametrize("response,confirm", [("1", 1), ("2", 3), ("3", 2)])
def test_fm36_an_invitation_that_is_in_no_calendar_yet(phone, user, other_user, version, response, confirm):
    """Open-Xchange makes the event out of the mail, with the answer; the repeat makes no second one."""
    me = user.call("GET", "config/identifier", "")
    user.deliver(invitation_mail(other_user, user, "from-outside"))
    r = phone(version, user=user)
    inbox, cid = r.folder(2), r.folder(8)
    r.sync(inbox)
    r.sync(cid)
    (mail,) = r.collections[inbox].items
    rows = [respond(r, request(response, mail, inbox))[0] for _ in range(2)]
    assert [x.val("Status") for x in rows] == ["1", "1"], rows
    (o,) = user.objects("calendar")
    assert (o["uid"], o["title"], o["start_date"]) == ("from-outside", "Besprechung", millis(START))
    assert confirmed(user, o["id"], me) == confirm and not user.mails()
    r.sync(cid)
    ((sid, data),) = r.collections[cid].items.items()
    assert {x.val("CalendarId") for x in rows} == ({None} if response == "3" else {sid})
    assert data.val("MeetingStatus") == "3" and data.val("OrganizerEmail") == other_user.address
    if float(version) >= 14:  # a declined meeting stays, as it does in Open-Xchange, and says that it is declined
        assert data.val("ResponseType") == {"1": "3", "2": "2", "3": "4"}[response]


@every("14.1")
def test_a_newer_invitation_changes_the_event(phone, user, other_user, version):
    """The answer to an update is one to the meeting as the update has it; an older mail changes nothing."""
    r = phone(version, user=user)
    inbox, cid = r.folder(2), r.folder(8)
    for sequence, hour, want in ((0, 9, 9), (2, 13, 13), (1, 7, 13)):
        user.deliver(invitation_mail(other_user, user, "moves", sequence=sequence, start=f"20310106T{hour:02}0000Z",
                                     end=f"20310106T{hour + 1:02}0000Z"))
        r.sync(inbox)
        (mail,) = r.collections[inbox].items
        (row,) = respond(r, request("1", mail, inbox))
        assert row.val("Status") == "1", row
        (o,) = user.objects("calendar")
        assert o["start_date"] == millis(when(f"2031-01-06 {want:02}:00")), sequence
        r.sync(cid)
        (data,) = r.collections[cid].items.values()
        assert data.val("StartTime") == f"20310106T{want:02}0000Z"
        r.sync(inbox)


@every("14.1")
def test_one_occurrence_of_a_series_that_is_in_no_calendar_yet(phone, user, other_user, version):
    me = user.call("GET", "config/identifier", "")
    user.deliver(invitation_mail(other_user, user, "series", rule="RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=4\r\n"))
    r = phone(version, user=user)
    inbox = r.folder(2)
    r.sync(inbox)
    (mail,) = r.collections[inbox].items
    (row,) = respond(r, request("1", mail, inbox, M.InstanceId("2031-01-13T09:00:00.000Z")))
    assert row.val("Status") == "1", row
    series = next(o for o in user.objects("calendar") if not o.get("recurrence_date_position"))
    (one,) = [o for o in user.objects("calendar") if o.get("recurrence_date_position")]
    assert confirmed(user, series["id"], me) == 3 and confirmed(user, one["id"], me) == 1
