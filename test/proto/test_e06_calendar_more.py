# SPDX-License-Identifier: Apache-2.0
"""Every other element of events and tasks both ways, and what Open-Xchange keeps of it."""
import pytest

from easlib.items import body, compact, event, millis, punctuated, task, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C, Tasks as T

DAY = 86400000
START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")


def open_folder(phone, user, version, kind):
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    return r, cid


def crowd(version):
    def person(i):
        typed = (C.AttendeeStatus("3") if float(version) < 16 else None, C.AttendeeType(str(i)))
        return C.Attendee(C.Email(f"g{i}@example.net"), C.Name(f"Gast {i}"), *(typed if float(version) >= 12 else ()))
    return C.Attendees(person(1), person(2))


@every()
def test_a_series_with_everything(phone, user, version):
    v = float(version)
    r, cid = open_folder(phone, user, version, 8)
    late = when("2031-01-13 09:00")
    place = B.Location(B.DisplayName("Keller")) if v >= 16 else C.Location("Keller")
    name = B.InstanceId if v >= 16 else C.ExceptionStartTime
    own = [name(compact(late)), C.Subject("Anders"), C.StartTime(compact(late)),
           C.EndTime(compact(late + (END - START) * 2)),
           body(version, "Nur hier", "Calendar"), place, C.Categories(C.Category("rot"), C.Category("blau")),
           C.Sensitivity("2"), C.BusyStatus("0"), C.AllDayEvent("0"), C.Reminder("5"),
           C.DtStamp(compact(START)) if v < 16 else None, C.MeetingStatus("1"), crowd(version) if v >= 14 else None]
    r.add(cid, event(version, "Serie", START, END, uid="alles") + [
        C.OrganizerName("Ich") if v < 16 else None, C.OrganizerEmail(user.address) if v < 16 else None,
        C.ResponseRequested("1") if v >= 14 else None, C.DisallowNewTimeProposal("1") if v >= 14 else None,
        crowd(version), C.Categories(C.Category("grün"), C.Category("zwei Worte")),
        C.Recurrence(C.Type("2"), C.Interval("1"), C.DayOfMonth("6"), C.Occurrences("9"),
                     C.CalendarType("0") if v >= 14 else None, C.IsLeapMonth("0") if v >= 14 else None)])
    (o,) = user.objects("calendar")
    assert o["categories"] == "grün,zwei Worte" and o["recurrence_type"] == 3
    assert sorted(p.get("mail", "") for p in o["participants"])[1:] == ["g1@example.net", "g2@example.net"]
    weekly = event(version, "Woche", START, END, uid="woche") + [
        C.Recurrence(C.Type("1"), C.Interval("1"), C.DayOfWeek("2"), C.Occurrences("5")),
        C.Exceptions(C.Exception(*own))]
    r.add(cid, weekly)
    (x,) = [o for o in user.objects("calendar") if o.get("recurrence_date_position")]
    assert (x["title"], x["location"], x["note"], x["categories"], x["private_flag"], x["shown_as"], x["alarm"]) == (
        "Anders", "Keller", "Nur hier", "rot,blau", True, 4, 5)
    second = phone(version, user=user)  # another device is told all of it
    sc = second.folder(8)
    second.sync(sc)
    (sid,) = second.find(sc, "Calendar:Subject", "Woche")
    (e,) = second.collections[sc].items[sid]["Calendar:Exceptions"]
    assert [c.text for c in e["Calendar:Categories"]] == ["rot", "blau"]
    assert (e.val("Calendar:Sensitivity"), e.val("Calendar:BusyStatus"), e.val("Calendar:Reminder")) == ("2", "0", "5")
    (sid,) = second.find(sc, "Calendar:Subject", "Serie")
    data = second.collections[sc].items[sid]
    assert [c.text for c in data["Calendar:Categories"]] == ["grün", "zwei Worte"]
    assert {a.val("Email") for a in data["Calendar:Attendees"]} == {"g1@example.net", "g2@example.net"}


PLACES = [
    ((B.DisplayName("Turm"), B.Street("Weg 1"), B.City("Köln")), "Turm"),
    ((B.Street("Weg 1"), B.PostalCode("50667"), B.City("Köln"), B.State("NRW"), B.Country("DE")),
     "Weg 1, 50667 Köln, NRW, DE"),
    ((B.Annotation("Hintereingang"), B.LocationUri("geo:1,2")), "Hintereingang, geo:1,2"),
    ((B.DisplayName("Feld"), B.Latitude("50.9"), B.Longitude("6.9"), B.Accuracy("3"), B.Altitude("60"),
      B.AltitudeAccuracy("5")), "Feld"),
    ((B.Latitude("50.9"), B.Longitude("6.9")), None),
    ((), None),
]


@every("16.0")
@pytest.mark.parametrize("parts,text", PLACES, ids=["name", "address", "note", "spot", "spot-alone", "empty"])
def test_places(phone, user, version, parts, text):
    """Open-Xchange has one text for a place: the name, or the address of one without; the rest is not kept."""
    r, cid = open_folder(phone, user, version, 8)
    sid = r.add(cid, event(version, "Ort", START, END) + [B.Location(*parts)])
    (o,) = user.objects("calendar")
    assert o.get("location") == text
    r.change(cid, sid, [C.Subject("Ort 2")])
    assert user.get("calendar", o["id"]).get("location") == text, "an edit of something else leaves it alone"
    r.change(cid, sid, [B.Location()])
    assert not user.get("calendar", o["id"]).get("location"), "an empty one takes it away"


@every("16.0")
def test_the_place_of_an_occurrence_is_taken_away(phone, user, version):
    oid = user.new("calendar", title="S", start_date=millis(START), end_date=millis(END), timezone="Europe/Berlin",
                   recurrence_type=2, interval=1, days=2, occurrences=5, location="Raum 1")
    user.update("calendar", oid, recurrence_position=2, recurrence_id=int(oid), location=None, title="Anderswo",
                start_date=millis(START) + 7 * DAY, end_date=millis(END) + 7 * DAY)
    r, cid = open_folder(phone, user, version, 8)
    (data,) = r.collections[cid].items.values()
    (e,) = data["Calendar:Exceptions"]
    assert e.get("AirSyncBase:Location") is not None and not e.val("AirSyncBase:Location/DisplayName")


@every("14.1")
@pytest.mark.parametrize("days,count,begin,status", [
    ("2", "9", "0", "1"),   # Mondays only: it makes no difference where weeks begin
    ("3", "1", "0", "1"),   # over before it makes one
    ("3", "9", "0", "6"),   # Sundays of other weeks in Open-Xchange: refused
    ("3", "9", "1", "1")], ids=["mondays", "short", "differs", "monday-weeks"])
def test_where_weeks_begin(phone, user, version, days, count, begin, status):
    r, cid = open_folder(phone, user, version, 8)
    data = event(version, "W", START, END, uid="w") + [C.Recurrence(
        C.Type("1"), C.Interval("2"), C.DayOfWeek(days), C.Occurrences(count), C.FirstDayOfWeek(begin))]
    t = r.turn(cid, [A.Add(A.ClientId("c"), A.ApplicationData(*data))])
    assert t.response("Add", ClientId="c").val("Status") == status
    assert len(user.objects("calendar")) == (status == "1")


@every()
def test_a_task_with_everything(phone, user, version):
    v = float(version)
    r, cid = open_folder(phone, user, version, 7)
    due = when("2031-01-07 00:00")
    dates = [getattr(T, n)(punctuated(t)) for n, t in (("UtcStartDate", START), ("StartDate", START))]
    r.add(cid, task(version, "Alles", due=due) + dates + [
        T.Categories(T.Category("rot"), T.Category("zwei Worte")),
        T.OrdinalDate(punctuated(due)) if v >= 12 else None, T.SubOrdinalDate("5") if v >= 12 else None,
        T.Recurrence(T.Type("1"), T.Start(punctuated(START)), T.Interval("1"), T.DayOfWeek("2"), T.Occurrences("3"),
                     T.Regenerate("0"), T.DeadOccur("0"), T.FirstDayOfWeek("0") if v >= 14.1 else None)])
    (o,) = user.objects("tasks")
    assert (o["categories"], o["recurrence_type"], o["days"]) == ("rot,zwei Worte", 2, 2)
    second = phone(version, user=user)
    sc = second.folder(7)
    second.sync(sc)
    (data,) = second.collections[sc].items.values()
    assert [c.text for c in data["Tasks:Categories"]] == ["rot", "zwei Worte"]
    assert data.val("Tasks:Recurrence/DayOfWeek") == "2"
