# SPDX-License-Identifier: Apache-2.0
"""Meetings: what attendees may change, and answers to invitations (MS-ASCMD 2.2.1.11), checked in OX."""
import pytest

from easlib.items import compact, event, millis, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C, MeetingResponse as M

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


def invitation_mail(host, guest, uid):
    return (f"From: {host.address}\r\nTo: {guest.address}\r\nSubject: Einladung\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
            f"UID:{uid}\r\nDTSTAMP:20310101T000000Z\r\nDTSTART:20310106T090000Z\r\nDTEND:20310106T100000Z\r\n"
            f"SUMMARY:Besprechung\r\nORGANIZER:mailto:{host.address}\r\n"
            f"ATTENDEE;RSVP=TRUE:mailto:{guest.address}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").encode()


@every()
def test_answer_by_the_mail(phone, user, other_user, version):
    oid, me = invite(other_user, user)
    user.deliver(invitation_mail(other_user, user, user.get("calendar", oid)["uid"]))
    user.deliver(invitation_mail(other_user, user, "nobody-knows"))
    r = phone(version, user=user)
    inbox, cid = r.folder(2), r.folder(8)
    r.sync(inbox)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    ids = {m["id"].split("/")[-1]: m for m in user.mails()}
    known, unknown = [i for i, _ in sorted(r.collections[inbox].items.items(), key=lambda x: int(x[0].split(":")[1]))]
    rows = respond(r, request("1", known, inbox), request("1", unknown, inbox))
    assert [x.val("Status") for x in rows] == ["1", "2"] and rows[0].val("CalendarId") == sid, rows
    assert confirmed(other_user, oid, me) == 1
    assert len(user.mails()) == len(ids) - 1  # the mail that was answered has gone
    (again,) = respond(r, request("1", known, inbox))
    assert (again.val("Status"), again.val("CalendarId")) == ("1", sid)
    r.sync(inbox)
    assert list(r.collections[inbox].items) == [unknown]
