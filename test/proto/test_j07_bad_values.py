# SPDX-License-Identifier: Apache-2.0
"""Values that cannot be, of each class: the item is refused with Status 6, the rest of the request goes on, and nothing
of it is in Open-Xchange (series and meetings: test_e02, test_e04)."""
import base64

import pytest

from easlib.items import contact, event, millis, punctuated, task, when, zone
from easlib.mark import every
from easlib.wbxml import AirSync as A, AirSyncBase as B, Calendar as C, Contacts as K, Tasks as T

START, END = when("2031-01-06 09:00"), when("2031-01-06 10:00")
DATES = ["", "soon", "2031-02-29T00:00:00.000Z", "2031-13-01T00:00:00.000Z", "2031-01-01T24:00:00.000Z",
         "99999-01-01T00:00:00.000Z", "1600-12-31T00:00:00.000Z", "2031-01-01", "2031-01-01T00:00:00+01:00"]
COMPACT = ["soon", "20310229T000000Z", "20311301T000000Z", "20310101T240000Z", "99990101", "16001231T000000Z"]


def put(items, tag, value):
    """The list ITEMS with the element called TAG replaced."""
    return [e for e in items if e is not None and e.tag != tag] + [value]


def events(version):
    good = event(version, "Bad", START, END, uid="bad")
    yield from (put(good, "StartTime", C.StartTime(d)) for d in COMPACT)
    yield from (put(good, "EndTime", C.EndTime(d)) for d in COMPACT)
    for name, value in (("BusyStatus", "5"), ("BusyStatus", "x"), ("Sensitivity", "4"), ("Reminder", "-1"),
                        ("Reminder", "99999999999"), ("AllDayEvent", "2")):
        yield put(good, name, getattr(C, name)(value))
    yield good + [C.Categories(*[C.Category(f"c{i}") for i in range(301)])]
    series = good + [C.Recurrence(C.Type("1"), C.Interval("1"), C.DayOfWeek("2"))]
    name = B.InstanceId if float(version) >= 16 else C.ExceptionStartTime
    times = [f"2031{1 + i % 12:02}{1 + i % 28:02}T{i % 24:02}0000Z" for i in range(10000)]
    yield series + [C.Exceptions(*[C.Exception(C.Deleted("1"), name(t)) for t in times])]


def contacts(version):
    good = contact(version, "A", "Bad")
    yield from (good + [K.Birthday(d)] for d in DATES if d)
    yield from (good + [K.Anniversary(d)] for d in DATES if d)
    yield good + [K.Picture(base64.b64encode(bytes(40000)).decode())]
    yield good + [K.Picture("*" * 400)]
    yield good + [K.Categories(*[K.Category(f"c{i}") for i in range(301)])]


def tasks(version):
    good = task(version, "Bad")
    for name in ("UtcStartDate", "StartDate", "UtcDueDate", "DueDate", "DateCompleted"):
        yield from (good + [getattr(T, name)(d)] for d in DATES if d)
    yield put(good, "ReminderSet", T.ReminderSet("2"))
    yield put(good, "Complete", T.Complete("2"))
    yield put(good, "Sensitivity", T.Sensitivity("9"))
    yield good + [T.ReminderTime("soon")]


CLASSES = [(8, "calendar", events, lambda v: event(v, "Good", START, END, uid="good")),
           (9, "contacts", contacts, lambda v: contact(v, "A", "Good")), (7, "tasks", tasks, lambda v: task(v, "Good"))]


@every()
@pytest.mark.parametrize("kind,module,makes,good", CLASSES, ids=[c[1] for c in CLASSES])
def test_bad_values_are_refused_and_the_rest_goes_on(phone, user, version, kind, module, makes, good):
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    bad = list(makes(version))
    t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*d)) for i, d in enumerate(bad + [good(version)])])
    got = [t.response("Add", ClientId=f"c{i}").val("Status") for i in range(len(bad) + 1)]
    taken = [[repr(e) for e in bad[i]] for i, status in enumerate(got[:-1]) if status != "6"]
    assert not taken and got[-1] == "1", taken
    assert len(user.objects(module)) == 1


@every("2.5", "16.1")
def test_times_of_ox_that_nobody_can_reckon_with(phone, user, version, log):
    """Near the limits of what a number holds: held back, and the calendar goes on."""
    log.allow("USM00101")
    far = 9223372036854775807
    user.new("calendar", title="Gut", start_date=millis(START), end_date=millis(END))
    user.new("calendar", title="Fern", start_date=far - 3600000, end_date=far)
    user.new("calendar", title="Fern2", start_date=millis(START), end_date=far)
    user.new("tasks", title="Fern", start_time=-far, end_time=far, full_time=True)
    user.new("contacts", last_name="Fern", display_name="Fern", birthday=far)
    r = phone(version, user=user)
    for kind, texts in ((8, ["Gut"]), (7, []), (9, [])):
        cid = r.folder(kind)
        r.sync(cid)
        assert [d.val("Subject") for d in r.collections[cid].items.values()] == texts
