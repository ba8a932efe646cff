# SPDX-License-Identifier: Apache-2.0
"""Single events both ways (MS-ASCAL), checked in OX."""
import base64
import datetime
import struct

import pytest

from easlib.items import compact, event, millis, when, zone
from easlib.mark import every
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C

CHRONOS = "."  # see conftest.py
START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")
DAY, NEXT = when("2031-05-08 00:00"), when("2031-05-09 00:00")


def calendar(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(8)
    r.sync(cid)
    return r, cid


def place(data):
    return data.val("AirSyncBase:Location/DisplayName") or data.val("Calendar:Location")


@every()
def test_event_from_ox(phone, user, version, calendar_module):
    oid = user.new("calendar", title="Zahnarzt äöü", start_date=millis(START), end_date=millis(END), full_time=False,
                   timezone="Europe/Berlin", location="Hauptstr. 1", note="Karte mitbringen", alarm=15, shown_as=3)
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    want = {"Subject": "Zahnarzt äöü", "StartTime": compact(START), "EndTime": compact(END), "AllDayEvent": "0",
            "Reminder": "15", "BusyStatus": "3" if calendar_module == "calendar" else "2", "Sensitivity": "0"}
    got = {k: data.val(f"Calendar:{k}") for k in want}
    assert got == want
    assert place(data) == "Hauptstr. 1" and body_text(data).strip() == "Karte mitbringen"
    assert data.val("UID") == user.get("calendar", oid)["uid"]
    blob = base64.b64decode(data.val("Timezone"))
    assert len(blob) == 172 and struct.unpack_from("<i", blob)[0] == -60


@every()
def test_event_to_ox(phone, user, version):
    r, cid = calendar(phone, user, version)
    r.add(cid, event(version, "Vom Telefon", START, END, uid="uid-1", location="Büro", note="Notiz", reminder="30",
                     busy="0"))
    (o,) = user.objects("calendar")
    assert (o["title"], o["full_time"]) == ("Vom Telefon", False)
    assert (o["start_date"], o["end_date"]) == (millis(START), millis(END))
    assert (o["location"], o["note"].strip(), o["alarm"], o["shown_as"]) == ("Büro", "Notiz", 30, 4)
    if float(version) < 16:
        assert o["uid"] == "uid-1"


@every()
def test_life_of_an_event_from_the_phone(phone, user, version):
    r, cid = calendar(phone, user, version)
    sid = r.add(cid, event(version, "Eins", START, END, uid="life"))
    t = r.change(cid, sid, event(version, "Zwei", START, when("2031-05-06 12:00"), uid="life"))
    assert t.status == "1" and not t.of("Add") and t.response("Change", ServerId=sid) is None, t
    (o,) = user.objects("calendar")
    assert (o["title"], o["end_date"]) == ("Zwei", millis(when("2031-05-06 12:00")))
    r.delete(cid, sid)
    assert user.objects("calendar") == []


@every()
def test_life_of_an_event_from_ox(phone, user, version):
    r, cid = calendar(phone, user, version)
    oid = user.new("calendar", title="A", start_date=millis(START), end_date=millis(END))
    r.sync(cid)
    (sid,) = r.find(cid, "Calendar:Subject", "A")
    user.update("calendar", oid, title="B", start_date=millis(START) + 3600000, end_date=millis(END) + 3600000)
    r.sync(cid)
    assert r.collections[cid].items[sid].val("StartTime") == compact(when("2031-05-06 10:00"))
    user.delete("calendar", oid)
    r.sync(cid)
    assert not r.collections[cid].items


@every()
def test_fm28_all_day_from_ox(phone, user, version):
    user.new("calendar", title="Feiertag", full_time=True, start_date=millis(DAY), end_date=millis(NEXT))
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    assert data.val("AllDayEvent") == "1"
    if float(version) >= 16:
        assert "Timezone" not in data
        assert (data.val("StartTime"), data.val("EndTime")) == ("20310508T000000Z", "20310509T000000Z")
    else:
        # midnight of the zone that the blob names; May has daylight saving in Berlin
        blob = base64.b64decode(data.val("Timezone"))
        bias = struct.unpack_from("<i", blob)[0] + (struct.unpack_from("<i", blob, 168)[0] if any(blob[152:168]) else 0)
        local = [when("2031-05-08 00:00"), when("2031-05-09 00:00")]
        want = [compact(t + datetime.timedelta(minutes=bias)) for t in local]
        assert [data.val("StartTime"), data.val("EndTime")] == want


@every()
def test_fm28_all_day_to_ox(phone, user, version):
    r, cid = calendar(phone, user, version)
    if float(version) >= 16:
        r.add(cid, event(version, "Frei", DAY, NEXT, all_day=True))
    else:
        r.add(cid, event(version, "Frei", when("2031-05-07 22:00"), when("2031-05-08 22:00"), uid="d", all_day=True))
    (o,) = user.objects("calendar")
    assert (o["full_time"], o["start_date"], o["end_date"]) == (True, millis(DAY), millis(NEXT))


@every("2.5", "14.1")
def test_add_of_a_known_uid_makes_no_second_event(phone, user, version):
    r, cid = calendar(phone, user, version)
    uid = user.get("calendar", user.new("calendar", title="Einmal", start_date=millis(START),
                                        end_date=millis(END)))["uid"]
    t = r.turn(cid, [A.Add(A.ClientId("x1"), A.ApplicationData(*event(version, "Einmal", START, END, uid=uid)))])
    assert t.status == "1" and t.response("Add", ClientId="x1") is not None, t
    assert len(user.objects("calendar")) == 1


@every("16.0")
def test_client_uid_makes_an_add_repeatable(phone, user, version):
    r, cid = calendar(phone, user, version)
    data = event(version, "Einmal", START, END) + [C.ClientUid("client-uid-7")]
    first, again = r.add(cid, data), r.turn(cid, [A.Add(A.ClientId("other"), A.ApplicationData(*data))])
    assert again.response("Add", ClientId="other") is not None, again
    assert len(user.objects("calendar")) == 1 and first


@every("16.0")
def test_absent_property_is_unchanged_in_16(phone, user, version):
    r, cid = calendar(phone, user, version)
    sid = r.add(cid, event(version, "Bleibt", START, END, location="Hier", note="Text", reminder="5"))
    r.change(cid, sid, [C.Subject("Neu")])
    (o,) = user.objects("calendar")
    assert (o["title"], o["location"], o["note"].strip(), o["alarm"]) == ("Neu", "Hier", "Text", 5)
    r.change(cid, sid, [B.Location()])
    assert not user.objects("calendar")[0].get("location")


@every("12.0", "14.1")
def test_fm40_body_stays_when_absent(phone, user, version):
    r, cid = calendar(phone, user, version)
    sid = r.add(cid, event(version, "S", START, END, uid="b", note="bleibt"))
    r.change(cid, sid, event(version, "S", START, END, uid="b", reminder="10"))
    (o,) = user.objects("calendar")
    assert o["note"].strip() == "bleibt" and o["alarm"] == 10


@every()
@pytest.mark.parametrize("eas,ox", [("0", 4), ("1", 2), ("2", 1), ("3", 3)])
def test_busy_status(phone, user, version, eas, ox, calendar_module):
    """Module chronos has no words for the ways of being busy: what the phone said is kept beside it."""
    r, cid = calendar(phone, user, version)
    sid = r.add(cid, event(version, "S", START, END, uid="b", busy=eas))
    (o,) = user.objects("calendar")
    assert o["shown_as"] == (ox if calendar_module == "calendar" or ox == 4 else 1)
    user.update("calendar", o["id"], title="T")
    r.sync(cid)
    assert r.collections[cid].items[sid].val("BusyStatus") == eas


@every()
def test_fm41_odd_times(phone, user, version):
    """Long before 1970, long after 2038, and no length."""
    for y in ("1950", "2090"):
        t = when(f"{y}-01-02 03:04")
        user.new("calendar", title=y, start_date=millis(t), end_date=millis(t))
    r, cid = calendar(phone, user, version)
    got = {d.val("Subject"): d.val("StartTime") for d in r.collections[cid].items.values()}
    assert got.get("2090") == "20900102T030400Z" and got.get("1950", "19500102T030400Z") == "19500102T030400Z"


@every()
def test_filter_leaves_the_future_alone(phone, user, version):
    """FilterType 4 (two weeks): past events go softly, future ones stay, nothing is deleted in OX."""
    old = when("2015-01-02 03:00")
    user.new("calendar", title="alt", start_date=millis(old), end_date=millis(old) + 3600000)
    user.new("calendar", title="neu", start_date=millis(START), end_date=millis(END))
    r, cid = calendar(phone, user, version)
    assert r.texts(cid, "Calendar:Subject") == ["alt", "neu"]
    r.open(cid).filter = "4"
    turns = r.sync(cid)
    assert r.texts(cid, "Calendar:Subject") == ["neu"] and any(t.of("SoftDelete") for t in turns)
    assert not any(t.of("Delete") for t in turns) and len(user.objects("calendar")) == 2
    r.open(cid).filter = "0"
    r.sync(cid)
    assert r.texts(cid, "Calendar:Subject") == ["alt", "neu"]


@every("2.5", "14.1")
@pytest.mark.parametrize("blob", ["", "AAAA", zone()[:100], zone() + "AAAA", "*" * 232],
                         ids=["empty", "3", "75", "175", "junk"])
def test_broken_zone_blob(phone, user, version, blob):
    """A wrong length is not read past: the item is refused, or taken as UTC."""
    r, cid = calendar(phone, user, version)
    rest = [e for e in event(version, "Z", START, END, uid="z") if e is not None and e.tag != "Timezone"]
    data = [C.Timezone(blob), *rest]
    t = r.turn(cid, [A.Add(A.ClientId("z"), A.ApplicationData(*data))])
    status = t.response("Add", ClientId="z").val("Status")
    assert t.status == "1" and status in ("1", "6"), t
    if status == "1":
        assert user.objects("calendar")[0]["start_date"] == millis(START)


@every()
def test_end_before_start_is_refused(phone, user, version):
    r, cid = calendar(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("e"), A.ApplicationData(*event(version, "E", END, START, uid="e")))])
    assert t.status == "1" and t.response("Add", ClientId="e").val("Status") == "6", t
    assert user.objects("calendar") == []
