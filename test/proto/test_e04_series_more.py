# SPDX-License-Identifier: Apache-2.0
"""Series: windows, invitations to one occurrence, edits on both sides, lost listings, zones."""
import base64
import datetime
import struct

import pytest

from easlib.items import compact, event, millis, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C

from test_e02_series import calendar, exception, exceptions, master, members, recurrence, weekly

CHRONOS = "."  # see conftest.py
DAY = 86400000
START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")
FIRST = millis(when("2031-01-06 00:00"))
WEEKLY = {"Type": "1", "Interval": "1", "DayOfWeek": "2", "Occurrences": "20"}


@every()
def test_windows_keep_series_that_go_on(phone, user, version):
    """FilterType: endless series and those that end in the window stay, past ones do not come (MS-ASCMD FilterType)."""
    now = datetime.datetime.now(datetime.timezone.utc).replace(hour=9, minute=0, second=0, microsecond=0)
    old = millis(now - datetime.timedelta(days=700))

    def series(title, **more):
        return user.new("calendar", title=title, start_date=old, end_date=old + 3600000, timezone="Europe/Berlin",
                        recurrence_type=1, interval=1, **more)
    series("endless")
    series("over", occurrences=10)
    series("still", until=millis(now) - millis(now) % DAY + 3 * DAY)
    moved = series("moved", occurrences=10)
    user.update("calendar", moved, recurrence_position=3, recurrence_id=int(moved), start_date=millis(now),
                end_date=millis(now) + 3600000)
    r = phone(version, user=user)
    cid = r.folder(8)
    r.open(cid).filter = "4"  # two weeks
    r.sync(cid)
    assert set(r.texts(cid, "Calendar:Subject")) >= {"endless", "still"}
    assert "over" not in r.texts(cid, "Calendar:Subject")
    r.open(cid).filter = "0"
    r.sync(cid)
    assert r.texts(cid, "Calendar:Subject") == ["endless", "moved", "over", "still"]


@every()
def test_invited_to_one_occurrence_only(phone, user, other_user, version):
    guest, host = (u.call("GET", "config/identifier", "") for u in (user, other_user))
    oid = weekly(other_user, participants=[{"id": host, "type": 1}])
    other_user.update("calendar", oid, recurrence_position=2, recurrence_id=int(oid), title="Nur hier",
                      participants=[{"id": host, "type": 1}, {"id": guest, "type": 1}])
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    assert data.val("Subject") == "Nur hier" and data.get("Calendar:Recurrence") is None
    assert data.val("StartTime") == "20310113T090000Z"
    # an orphan says so in 16.x, and takes commands with its InstanceId
    assert data.val("AirSyncBase:InstanceId") == ("20310113T090000Z" if float(version) >= 16 else None)
    if float(version) >= 16:
        (sid,) = r.collections[cid].items
        t = r.turn(cid, [A.Change(A.ServerId(sid), B.InstanceId("20310113T090000Z"),
                                  A.ApplicationData(C.Reminder("7")))])
        assert not t.responses, t
        (own,) = [o for o in user.objects("calendar")]
        assert own["alarm"] == 7
    # later to all of it: the series is there instead
    other_user.update("calendar", oid, participants=[{"id": host, "type": 1}, {"id": guest, "type": 1}])
    r.sync(cid)
    (data,) = r.collections[cid].items.values()
    assert data.val("Subject") == "Jour fixe" and len(exceptions(data)) == 1


@every()
def test_edits_on_both_sides_of_a_series(phone, user, version):
    oid = weekly(user)
    r, cid = calendar(phone, user, version)
    ((sid, data),) = r.collections[cid].items.items()
    user.update("calendar", oid, recurrence_position=3, recurrence_id=int(oid), title="In OX geändert")
    # the phone, which does not know that, gives the series another place
    t = r.change(cid, sid, event(version, "Jour fixe", START, END, uid=data.val("UID"), location="Raum 9",
                                 reminder="15") + ([recurrence(**WEEKLY)] if float(version) < 16 else []))
    assert t.status == "1" and t.response("Change", ServerId=sid) is None, t
    r.sync(cid)
    assert master(user)["location"] == "Raum 9"
    (x,) = members(user).values()
    assert x["title"] == "In OX geändert"
    (e,) = exceptions(r.collections[cid].items[sid]).values()
    assert e.val("Subject") == "In OX geändert"


@every("16.0")
@pytest.mark.parametrize("policy, status, titles", [("1", "7", ["Aus OX"]), ("0", None, ["Aus OX", "Telefon"])])
def test_both_sides_change_occurrences(phone, user, version, policy, status, titles):
    """A series is one unit: its exceptions collide. The server wins, or the phone's stands beside the server's."""
    oid = weekly(user)
    r, cid = calendar(phone, user, version)
    r.open(cid).options = A.Options(A.Conflict(policy))
    (sid,) = r.collections[cid].items
    user.update("calendar", oid, recurrence_position=3, recurrence_id=int(oid), title="Aus OX")
    t = r.turn(cid, [A.Change(A.ServerId(sid), B.InstanceId("20310113T090000Z"),
                              A.ApplicationData(C.Subject("Telefon")))])
    answer = t.response("Change", ServerId=sid)
    assert (answer.val("Status") if answer is not None else None) == status
    r.sync(cid)
    got = sorted(e.val("Subject") for e in exceptions(r.collections[cid].items[sid]).values())
    assert got == sorted(x["title"] for x in members(user).values()) == titles


@every()
def test_a_series_deleted_by_the_phone_goes_with_its_exceptions(phone, user, version):
    oid = weekly(user)
    user.update("calendar", oid, recurrence_position=3, recurrence_id=int(oid), title="Anders")
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    r.delete(cid, sid)
    assert user.objects("calendar") == []
    assert not any(t.commands for t in r.sync(cid))


@every()
def test_fm29_zones_of_series(phone, user, version):
    """The blob of each series is that of its own zone; the hour on the wall is the one that OX shows."""
    rows = [("Australia/Sydney", -600, when("2031-01-05 23:00")), ("America/New_York", 300, when("2031-01-06 15:00")),
            ("Asia/Kolkata", -330, when("2031-01-06 04:30"))]
    for name, _, start in rows:
        user.new("calendar", title=name, start_date=millis(start), end_date=millis(start) + 3600000, timezone=name,
                 recurrence_type=2, interval=1, days=2, occurrences=30)
    r, cid = calendar(phone, user, version)
    for name, bias, start in rows:
        (sid,) = r.find(cid, "Calendar:Subject", name)
        data = r.collections[cid].items[sid]
        assert struct.unpack_from("<i", base64.b64decode(data.val("Timezone")))[0] == bias
        assert data.val("StartTime") == compact(start)
        t = r.change(cid, sid, [C.Timezone(data.val("Timezone")), C.StartTime(data.val("StartTime")),
                                C.EndTime(data.val("EndTime")), C.AllDayEvent("0"), C.Subject(name),
                                C.Reminder("7"), data["Recurrence"]])
        assert t.status == "1", t
        (o,) = user.find("calendar", "title", name)
        assert (o["timezone"], o["start_date"], o["alarm"], o["days"]) == (name, millis(start), 7, 2)


@every("2.5", "14.1")
def test_a_series_whose_zone_changed_its_law(phone, user, version):
    """Ten in the morning in Istanbul, begun before it stayed on summer time: ten for the phone, and left alone by it."""
    start = when("2015-01-05 08:00")
    oid = user.new("calendar", title="Kahve", start_date=millis(start), end_date=millis(start) + 3600000,
                   timezone="Europe/Istanbul", recurrence_type=2, interval=1, days=2)
    r, cid = calendar(phone, user, version)
    ((sid, data),) = r.collections[cid].items.items()
    assert data.val("StartTime") == "20150105T070000Z"  # ten o'clock by the law of today, which the blob tells
    r.change(cid, sid, [C.Timezone(data.val("Timezone")), C.StartTime(data.val("StartTime")),
                        C.EndTime(data.val("EndTime")), C.AllDayEvent("0"), C.Subject("Kahve"), C.Reminder("7"),
                        data["Recurrence"],
                        C.Exceptions(exception(version, when("2031-01-06 07:00"), C.Subject("Anders")))])
    o = user.get("calendar", oid)
    assert (o["timezone"], o["start_date"], o["alarm"]) == ("Europe/Istanbul", millis(start), 7)
    (x,) = members(user).values()
    assert (x["title"], x["start_date"]) == ("Anders", millis(when("2031-01-06 07:00")))
    assert x["recurrence_date_position"] == FIRST
