# SPDX-License-Identifier: Apache-2.0
"""Series of events both ways (MS-ASCAL 2.2.2.37, 2.2.2.21), checked in OX."""
import pytest

from easlib.items import compact, event, millis, when
from easlib.items import zone as zone_of
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C

CHRONOS = "."  # see conftest.py
DAY = 86400000
# Monday the 6th of January 2031, 10 o'clock in Berlin
START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")
FIRST = millis(when("2031-01-06 00:00"))
SUMMER = when("2031-04-07 08:00")  # a Monday three months later: 10 o'clock there is another hour in UTC

# OX members, the children of Recurrence
RULES = [
    ({"recurrence_type": 1, "interval": 3, "occurrences": 5}, {"Type": "0", "Interval": "3", "Occurrences": "5"}),
    ({"recurrence_type": 2, "interval": 2, "days": 42, "until": FIRST + 100 * DAY},
     {"Type": "1", "Interval": "2", "DayOfWeek": "42", "Until": "20310416T080000Z"}),
    ({"recurrence_type": 3, "interval": 1, "day_in_month": 6}, {"Type": "2", "Interval": "1", "DayOfMonth": "6"}),
    ({"recurrence_type": 3, "interval": 2, "day_in_month": 5, "days": 2},
     {"Type": "3", "Interval": "2", "WeekOfMonth": "5", "DayOfWeek": "2"}),
    ({"recurrence_type": 4, "interval": 1, "day_in_month": 6, "month": 0},
     {"Type": "5", "Interval": "1", "DayOfMonth": "6", "MonthOfYear": "1"}),
    ({"recurrence_type": 4, "interval": 1, "day_in_month": 1, "days": 62, "month": 2},
     {"Type": "6", "Interval": "1", "WeekOfMonth": "1", "DayOfWeek": "62", "MonthOfYear": "3"}),
]
MEMBERS = ("recurrence_type", "interval", "days", "day_in_month", "month", "until", "occurrences")


def calendar(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(8)
    r.sync(cid)
    return r, cid


def weekly(user, **more):
    fields = dict(title="Jour fixe", start_date=millis(START), end_date=millis(END), timezone="Europe/Berlin",
                  recurrence_type=2, interval=1, days=2, occurrences=20, location="Raum 1", note="Notiz", alarm=15)
    return user.new("calendar", **{**fields, **more})


def rule(data):
    return {e.tag: e.text for e in data["Recurrence"]}


def exceptions(data):
    """Original start → the Exception."""
    e = data.get("Calendar:Exceptions")
    return {} if e is None else {x.val("ExceptionStartTime") or x.val("AirSyncBase:InstanceId"): x for x in e}


def recurrence(**children):
    return C.Recurrence(*[getattr(C, k)(v) for k, v in children.items()])


def exception(version, start, *children, deleted=False):
    name = B.InstanceId if float(version) >= 16 else C.ExceptionStartTime
    return C.Exception(C.Deleted("1") if deleted else None, name(compact(start)), *children)


def members(user):
    """The exceptions in OX as they are listed, by day."""
    return {o["recurrence_date_position"]: o for o in user.objects("calendar") if o.get("recurrence_date_position")}


def master(user):
    (o,) = [o for o in user.objects("calendar") if not o.get("recurrence_date_position")]
    return o


@every()
def test_every_rule_from_ox(phone, user, version):
    for i, (ox, _) in enumerate(RULES):
        user.new("calendar", title=f"R{i}", start_date=millis(START), end_date=millis(END), timezone="Europe/Berlin",
                 **ox)
    r, cid = calendar(phone, user, version)
    for i, (_, want) in enumerate(RULES):
        (sid,) = r.find(cid, "Calendar:Subject", f"R{i}")
        got = rule(r.collections[cid].items[sid])
        for name in ("CalendarType", "FirstDayOfWeek"):
            got.pop(name, None)
        assert got == want
        assert r.collections[cid].items[sid].val("StartTime") == compact(START)


@every()
def test_every_rule_to_ox(phone, user, version):
    r, cid = calendar(phone, user, version)
    for i, (want, eas) in enumerate(RULES):
        r.add(cid, event(version, f"R{i}", START, END, uid=f"r{i}") + [recurrence(**eas)])
        (o,) = user.find("calendar", "title", f"R{i}")
        assert {k: o[k] for k in MEMBERS if o.get(k)} == {k: v for k, v in want.items() if v}
        assert (o["start_date"], o["end_date"], o["timezone"]) == (millis(START), millis(END), "Europe/Berlin")
    assert not any(t.commands for t in r.sync(cid)), "the phone's own series came back"


@every("14.1", "16.1")
def test_first_day_of_week_and_calendar_type_are_told(phone, user, version):
    weekly(user)
    user.new("calendar", title="M", start_date=millis(START), end_date=millis(END), recurrence_type=3, interval=1,
             day_in_month=6)
    r, cid = calendar(phone, user, version)
    a, b = (r.collections[cid].items[r.find(cid, "Calendar:Subject", s)[0]] for s in ("Jour fixe", "M"))
    assert (rule(a)["FirstDayOfWeek"], rule(b)["CalendarType"]) == ("1", "0")


@every()
def test_exceptions_from_ox(phone, user, version):
    oid = weekly(user)
    user.update("calendar", oid, recurrence_position=2, recurrence_id=int(oid), title="Verlegt",
                start_date=millis(START) + 8 * DAY, end_date=millis(END) + 8 * DAY, location=None)
    user.call("PUT", "calendar", "delete", [{"id": oid, "folder": user.default("calendar"), "pos": 14}],
              timestamp=user.far())
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    e = exceptions(data)
    assert sorted(e) == ["20310113T090000Z", compact(SUMMER)]
    moved, gone = e["20310113T090000Z"], e[compact(SUMMER)]
    assert gone.val("Deleted") == "1" and moved.get("Deleted") is None
    assert (moved.val("Subject"), moved.val("StartTime")) == ("Verlegt", "20310114T090000Z")
    assert moved.val("Reminder") == "15"  # what is as in the series is told all the same: FM31
    if float(version) < 16:
        assert moved.get("Calendar:Location") is not None and not moved.val("Location")
    assert moved.get("AirSyncBase:Body") is None  # as the series has it


@every()
def test_a_changed_exception_is_a_change_of_its_series(phone, user, version):
    oid = weekly(user)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    user.update("calendar", oid, recurrence_position=3, recurrence_id=int(oid), title="Anders")
    (t,) = r.sync(cid)
    assert list(t.of("Change")) == [sid] and not t.of("Add"), t
    (exc,) = members(user).values()
    user.update("calendar", exc["id"], title="Noch anders")
    r.sync(cid)
    (e,) = exceptions(r.collections[cid].items[sid]).values()
    assert e.val("Subject") == "Noch anders"
    user.delete("calendar", exc["id"])
    r.sync(cid)
    (e,) = exceptions(r.collections[cid].items[sid]).values()
    assert e.val("Deleted") == "1"
    user.delete("calendar", oid)
    r.sync(cid)
    assert not r.collections[cid].items


@every()
def test_series_with_exceptions_to_ox(phone, user, version):
    r, cid = calendar(phone, user, version)
    data = event(version, "Serie", START, END, uid="s1", location="Raum 1") + [
        recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20"),
        C.Exceptions(exception(version, when("2031-01-13 09:00"), C.Subject("Anders"),
                               C.StartTime("20310114T120000Z"), C.EndTime("20310114T133000Z")),
                     exception(version, SUMMER, deleted=True))]
    r.add(cid, data)
    m, e = master(user), members(user)
    assert m["delete_exceptions"] == [millis(SUMMER) - 8 * 3600000]
    (x,) = e.values()
    assert (x["title"], x["start_date"], x["end_date"], x["recurrence_position"]) == (
        "Anders", millis(when("2031-01-14 12:00")), millis(when("2031-01-14 13:30")), 2)
    assert x["location"] == "Raum 1"
    assert not any(t.commands for t in r.sync(cid)), "the phone's own series came back"


@every("2.5", "14.1")
def test_exceptions_of_a_change(phone, user, version):
    oid = weekly(user, color_label=7)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    base = event(version, "Jour fixe", START, END, uid=user.get("calendar", oid)["uid"], location="Raum 1",
                 reminder="15") + [recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20")]
    t = r.change(cid, sid, base + [C.Exceptions(exception(version, when("2031-01-13 09:00"), C.Subject("Eins")))])
    assert t.status == "1" and t.response("Change", ServerId=sid) is None, t
    assert [x["title"] for x in members(user).values()] == ["Eins"]
    # another one: the first is not named and stays
    r.change(cid, sid, base + [C.Exceptions(exception(version, when("2031-01-20 09:00"), C.Subject("Zwei")),
                                            exception(version, when("2031-01-27 09:00"), deleted=True))])
    r.sync(cid)
    assert sorted(x["title"] for x in members(user).values()) == ["Eins", "Zwei"]
    assert len(exceptions(r.collections[cid].items[sid])) == 3
    # the series gets a name, which the occurrences without one of their own get too; none is lost
    base = event(version, "Runde", START, END, uid="x", location="Raum 2", reminder="15") + base[-1:]
    r.change(cid, sid, base)
    assert master(user)["title"] == "Runde" and master(user)["color_label"] == 7
    assert sorted((x["title"], x["location"]) for x in members(user).values()) == [("Eins", "Raum 2"),
                                                                                  ("Zwei", "Raum 2")]
    assert master(user)["delete_exceptions"] == [FIRST + 21 * DAY]
    # another rule that the exceptions fit into: they survive
    r.change(cid, sid, base[:-1] + [recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="10")])
    assert master(user)["occurrences"] == 10
    assert sorted(x["title"] for x in members(user).values()) == ["Eins", "Zwei"]
    assert master(user)["delete_exceptions"] == [FIRST + 21 * DAY]
    r.sync(cid)
    assert len(exceptions(r.collections[cid].items[sid])) == 3


@every("16.0", "16.1")
def test_commands_for_one_occurrence(phone, user, version):
    oid = weekly(user)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items

    def change(start, *data):
        return A.Change(A.ServerId(sid), B.InstanceId(compact(start)), A.ApplicationData(*data))
    t = r.turn(cid, [change(when("2031-01-13 09:00"), C.Subject("Eins")),
                     change(when("2031-01-20 09:00"), C.StartTime("20310121T090000Z"), C.EndTime("20310121T100000Z")),
                     A.Delete(A.ServerId(sid), B.InstanceId("20310127T090000Z"))])
    assert t.status == "1" and not t.responses, t
    m, e = master(user), members(user)
    assert m["title"] == "Jour fixe" and m["delete_exceptions"] == [FIRST + 21 * DAY]
    assert {d: x["title"] for d, x in e.items()} == {FIRST + 7 * DAY: "Eins", FIRST + 14 * DAY: "Jour fixe"}
    assert e[FIRST + 14 * DAY]["start_date"] == millis(START) + 15 * DAY
    # what is absent stays, also of what the occurrence has of its own
    r.turn(cid, [change(when("2031-01-13 09:00"), C.Reminder("30"))])
    x = members(user)[FIRST + 7 * DAY]
    assert (x["title"], x["alarm"], x["location"]) == ("Eins", 30, "Raum 1")
    t = r.turn(cid, [A.Delete(A.ServerId(sid), B.InstanceId("20310128T090000Z")),  # a day off: snapped, and gone already
                     A.Delete(A.ServerId(sid), B.InstanceId("20310130T090000Z")),
                     A.Delete(A.ServerId(sid), B.InstanceId("rubbish"))])
    assert [(e.val("AirSyncBase:InstanceId"), e.val("Status")) for e in t.responses] == [
        ("20310130T090000Z", "8"), (None, "6")]
    assert user.get("calendar", oid)["title"] == "Jour fixe"


@every("16.1")
def test_16_a_new_rule_drops_exceptions_and_the_same_one_does_not(phone, user, version):
    oid = weekly(user)
    r, cid = calendar(phone, user, version)
    (sid,) = r.collections[cid].items
    r.turn(cid, [A.Change(A.ServerId(sid), B.InstanceId("20310113T090000Z"), A.ApplicationData(C.Subject("Eins")))])
    same = recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20")
    r.change(cid, sid, [C.Subject("Neu"), C.StartTime(compact(START)), C.EndTime(compact(END)), same])
    assert master(user)["title"] == "Neu" and len(members(user)) == 1
    r.change(cid, sid, [recurrence(Type="1", Interval="2", DayOfWeek="2", Occurrences="20")])
    assert master(user)["interval"] == 2 and not members(user)
    r.change(cid, sid, [C.Recurrence()])
    assert not user.get("calendar", oid).get("recurrence_type")


@every()
def test_all_day_series(phone, user, version):
    day = {"full_time": True, "start_date": FIRST, "end_date": FIRST + DAY}
    oid = weekly(user, **day, occurrences=None, until=FIRST + 140 * DAY)
    user.update("calendar", oid, recurrence_position=14, recurrence_id=int(oid), title="Anders")
    r, cid = calendar(phone, user, version)
    (data,) = r.collections[cid].items.values()
    floating = float(version) >= 16
    assert ("Timezone" in data) != floating
    assert data.val("StartTime") == ("20310106T000000Z" if floating else "20310105T230000Z")
    assert rule(data)["Until"] == ("20310526T000000Z" if floating else "20310525T220000Z")
    (planned,) = exceptions(data)
    assert planned == ("20310407T000000Z" if floating else "20310406T220000Z")
    # and back
    start, until = (FIRST, FIRST + 140 * DAY)
    zone = [] if floating else [next(e for e in event(version, "", START, END) if e.tag == "Timezone")]
    r.add(cid, zone + [C.AllDayEvent("1"), C.StartTime(data.val("StartTime")), C.EndTime(data.val("EndTime")),
                       C.Subject("Kopie"), data["Recurrence"],
                       C.Exceptions(exception(version, when("2031-04-07 00:00") if floating
                                              else when("2031-04-06 22:00"), deleted=True))])
    (o,) = user.find("calendar", "title", "Kopie")
    assert (o["full_time"], o["start_date"], o["until"]) == (True, start, until)
    assert o["delete_exceptions"] == [FIRST + 91 * DAY]


@every("14.1", "16.1")
def test_fm32_a_wrong_start_time_of_an_exception_means_that_day(phone, user, version):
    r, cid = calendar(phone, user, version)
    r.add(cid, event(version, "S", START, END, uid="s") + [
        recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20"),
        C.Exceptions(exception(version, when("2031-01-13 10:30"), C.Subject("Anders")))])
    assert list(members(user)) == [FIRST + 7 * DAY]


@every()
def test_bad_series_are_refused_and_the_rest_goes_on(phone, user, version):
    def with_rule(**children):
        return event(version, "Bad", START, END, uid="bad") + [recurrence(**children)]
    week = {"Type": "1", "Interval": "1", "DayOfWeek": "2", "Occurrences": "20"}
    name = B.InstanceId if float(version) >= 16 else C.ExceptionStartTime
    many = C.Exceptions(*[exception(version, START, deleted=True) for _ in range(1001)])
    bad = [
        with_rule(Type="5", DayOfMonth="30", MonthOfYear="2"), with_rule(Type="4"), with_rule(Type="1"),
        with_rule(Type="0", DayOfMonth="1"), with_rule(Type="1", DayOfWeek="128"), with_rule(Interval="1"),
        with_rule(Type="2", DayOfMonth="6", Interval="1000"), with_rule(Type="0", Occurrences="1000"),
        with_rule(Type="0", Until="20300101T000000Z"), with_rule(Type="0", Until="20310231T000000Z"),
        with_rule(**week) + [C.Exceptions(exception(version, when("2031-01-15 09:00"), C.Subject("x")))],
        with_rule(**week) + [C.Exceptions(exception(version, START, C.StartTime("20310106T120000Z"),
                                                    C.EndTime("20310106T110000Z")))],
        with_rule(**week) + [C.Exceptions(C.Exception(name("20310230T090000Z"), C.Subject("x")))],
        with_rule(**week) + [many],
        event(version, "Bad", START, END, uid="b2") + [C.Exceptions(exception(version, START, C.Subject("x")))],
    ]
    r, cid = calendar(phone, user, version)
    good = event(version, "Good", START, END, uid="good")
    t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*d)) for i, d in enumerate(bad + [good])])
    got = [t.response("Add", ClientId=f"c{i}").val("Status") for i in range(len(bad) + 1)]
    assert got == ["6"] * len(bad) + ["1"]
    assert [o["title"] for o in user.objects("calendar")] == ["Good"]


@every("14.1", "16.1")
@pytest.mark.parametrize("action", ["delete", "update"])
def test_a_series_is_whole_after_an_outage_in_the_middle(site, phone, user, version, action, log, calendar_module):
    r, cid = calendar(phone, user, version)
    data = event(version, "Serie", START, END, uid="s2") + [
        recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20"),
        C.Exceptions(exception(version, when("2031-01-13 09:00"), C.Subject("Anders")),
                     exception(version, when("2031-01-20 09:00"), deleted=True))]
    site.ox.control("fault", module=calendar_module, action=action, user=user.name, kind="status", status=503, count=2)
    add = [A.Add(A.ClientId("x7"), A.ApplicationData(*data))]
    request = r.request(r.open(cid), add)
    a = r.device.sync(request)
    assert a.status == 503, a
    site.ox.control("fault/clear")
    log.allow_outage()
    t = r.turn(cid, add)
    assert t.response("Add", ClientId="x7").val("Status") == "1", t
    assert [x["title"] for x in members(user).values()] == ["Anders"]
    assert master(user)["delete_exceptions"] == [FIRST + 14 * DAY]


@every("14.1", "16.1")
def test_lost_answers_do_nothing_twice(phone, user, version):
    r, cid = calendar(phone, user, version)
    data = event(version, "Serie", START, END, uid="s3") + [
        recurrence(Type="1", Interval="1", DayOfWeek="2", Occurrences="20"),
        C.Exceptions(exception(version, when("2031-01-13 09:00"), C.Subject("Anders")))]
    sid = r.add(cid, data, lose=2)
    assert len(user.objects("calendar")) == 2
    if float(version) >= 16:
        t = r.turn(cid, [A.Delete(A.ServerId(sid), B.InstanceId("20310120T090000Z")),
                         A.Change(A.ServerId(sid), B.InstanceId("20310127T090000Z"),
                                  A.ApplicationData(C.Subject("Dritte")))], lose=1)
        assert not t.responses, t
    else:
        r.change(cid, sid, data[:-1] + [C.Exceptions(exception(version, when("2031-01-20 09:00"), deleted=True),
                                                     exception(version, when("2031-01-27 09:00"),
                                                               C.Subject("Dritte")))], lose=1)
    assert sorted(x["title"] for x in members(user).values()) == ["Anders", "Dritte"]
    assert master(user)["delete_exceptions"] == [FIRST + 14 * DAY]


@every()
def test_bad_times_and_crowds_are_refused(phone, user, version):
    r, cid = calendar(phone, user, version)
    crowd = C.Attendees(*[C.Attendee(C.Email(f"a{i}@example.net"), C.Name(f"A {i}")) for i in range(5000)])
    backwards = event(version, "Bad", END, START, uid="b1")
    zone = [C.Timezone("AAAA") if e is not None and e.tag == "Timezone" else e
            for e in event(version, "Bad", START, END, uid="b2")]
    nowhere = [C.Timezone(zone_of(bias=-77, daylight=None, standard=None))
               if e is not None and e.tag == "Timezone" else e for e in event(version, "Bad", START, END, uid="b3")]
    bad = [backwards, zone, nowhere + [recurrence(Type="0")], event(version, "Bad", START, END, uid="b4") + [crowd]]
    good = event(version, "Good", START, END, uid="good")
    t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*d)) for i, d in enumerate(bad + [good])])
    got = [t.response("Add", ClientId=f"c{i}").val("Status") for i in range(len(bad) + 1)]
    assert got == ["6"] * len(bad) + ["1"]
    assert [o["title"] for o in user.objects("calendar")] == ["Good"]
