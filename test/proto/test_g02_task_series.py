# SPDX-License-Identifier: Apache-2.0
"""Recurring tasks both ways (MS-ASTASK 2.2.2.18), checked in OX, which makes the next task when one is done."""
from easlib.items import millis, punctuated, task, when
from easlib.mark import every
from easlib.wbxml import AirSync as A, Tasks as T

DAY = 86400000
START, DUE = when("2031-01-06 00:00"), when("2031-01-07 00:00")

RULES = [
    ({"recurrence_type": 1, "interval": 3, "occurrences": 5}, {"Type": "0", "Interval": "3", "Occurrences": "5"}),
    ({"recurrence_type": 2, "interval": 2, "days": 42, "until": millis(START) + 100 * DAY},
     {"Type": "1", "Interval": "2", "DayOfWeek": "42", "Until": "2031-04-16T00:00:00.000Z"}),
    ({"recurrence_type": 3, "interval": 1, "day_in_month": 6}, {"Type": "2", "Interval": "1", "DayOfMonth": "6"}),
    ({"recurrence_type": 3, "interval": 2, "day_in_month": 5, "days": 2},
     {"Type": "3", "Interval": "2", "WeekOfMonth": "5", "DayOfWeek": "2"}),
    ({"recurrence_type": 4, "interval": 1, "day_in_month": 6, "month": 0},
     {"Type": "5", "Interval": "1", "DayOfMonth": "6", "MonthOfYear": "1"}),
    ({"recurrence_type": 4, "interval": 1, "day_in_month": 1, "days": 62, "month": 2},
     {"Type": "6", "Interval": "1", "WeekOfMonth": "1", "DayOfWeek": "62", "MonthOfYear": "3"}),
]
MEMBERS = ("recurrence_type", "interval", "days", "day_in_month", "month", "until", "occurrences")


def tasks(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(7)
    r.sync(cid)
    return r, cid


def recurring(version, subject, **children):
    children.setdefault("Start", punctuated(START))
    dates = [getattr(T, n)(punctuated(t)) for n, t in (("UtcStartDate", START), ("StartDate", START),
                                                      ("UtcDueDate", DUE), ("DueDate", DUE))]
    return task(version, subject) + dates + [T.Recurrence(*[getattr(T, k)(v) for k, v in children.items()])]


@every()
def test_every_rule_both_ways(phone, user, version):
    for i, (ox, _) in enumerate(RULES):
        user.new("tasks", title=f"R{i}", start_time=millis(START), end_time=millis(DUE), full_time=True, **ox)
    r, cid = tasks(phone, user, version)
    for i, (ox, want) in enumerate(RULES):
        (sid,) = r.find(cid, "Tasks:Subject", f"R{i}")
        got = {e.tag: e.text for e in r.collections[cid].items[sid]["Recurrence"]}
        assert got.pop("Start") == punctuated(START) and got.pop("DeadOccur") == got.pop("Regenerate") == "0"
        for name in ("CalendarType", "FirstDayOfWeek"):
            got.pop(name, None)
        assert got == want
        r.add(cid, recurring(version, f"P{i}", **want))
        (o,) = user.find("tasks", "title", f"P{i}")
        assert {k: o[k] for k in MEMBERS if o.get(k)} == {k: v for k, v in ox.items() if v}
        assert (o["start_time"], o["end_time"]) == (millis(START), millis(DUE))
    assert not any(t.commands for t in r.sync(cid)), "the phone's own tasks came back"


@every()
def test_a_series_goes_on_when_its_task_is_done(phone, user, version):
    user.new("tasks", title="Gießen", start_time=millis(START), end_time=millis(DUE), full_time=True,
             recurrence_type=1, interval=1, occurrences=3)
    r, cid = tasks(phone, user, version)
    (sid,) = r.collections[cid].items
    data = recurring(version, "Gießen", Type="0", Interval="1", Occurrences="3")
    data = [T.Complete("1") if e is not None and e.tag == "Complete" else e for e in data]
    r.change(cid, sid, data + [T.DateCompleted(punctuated(DUE))])
    done, todo = sorted(user.objects("tasks"), key=lambda o: -o["status"])
    assert (done["status"], done["percent_completed"], todo["status"]) == (3, 100, 1)
    assert todo["start_time"] == millis(START) + DAY and todo["occurrences"] == 2
    r.sync(cid)
    items = r.collections[cid].items
    assert sorted(d.val("Complete") for d in items.values()) == ["0", "1"]
    assert items[sid].get("Recurrence") is None, "the task that is done recurs no more"


@every()
def test_dead_occurrence_is_a_task_by_itself(phone, user, version):
    r, cid = tasks(phone, user, version)
    r.add(cid, recurring(version, "Erledigt", Type="0", Interval="1", DeadOccur="1"))
    (o,) = user.objects("tasks")
    assert not o.get("recurrence_type")


@every()
def test_rule_taken_away(phone, user, version):
    oid = user.new("tasks", title="Serie", start_time=millis(START), end_time=millis(DUE), full_time=True,
                   recurrence_type=1, interval=1, priority=3, note="bleibt")
    r, cid = tasks(phone, user, version)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, task(version, "Serie", due=DUE, importance="2"))
    o = user.get("tasks", oid)
    assert not o.get("recurrence_type") and (o["priority"], o["note"]) == (3, "bleibt")


@every()
def test_bad_rules_are_refused_and_the_rest_goes_on(phone, user, version):
    good = {"Type": "0", "Interval": "1"}
    bad = [{"Type": "4"}, {"Type": "1"}, {"Type": "0", "DayOfMonth": "1"}, {"Type": "5", "DayOfMonth": "30",
                                                                            "MonthOfYear": "2"},
           {"Type": "0", "Occurrences": "1000"}, {"Type": "0", "Until": "2030-01-01T00:00:00.000Z"},
           {"Type": "0", "Start": "soon"}, {"Interval": "1"}, {"Type": "0", "Regenerate": "1"}]
    r, cid = tasks(phone, user, version)
    items = [recurring(version, "Bad", **b) for b in bad]
    items.append(task(version, "Bad") + [T.Recurrence(T.Type("0"))])  # no Start
    items.append(recurring(version, "Good", **good))
    t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*d)) for i, d in enumerate(items)])
    got = [t.response("Add", ClientId=f"c{i}").val("Status") for i in range(len(items))]
    assert got == ["6"] * (len(items) - 1) + ["1"]
    assert [o["title"] for o in user.objects("tasks")] == ["Good"]


@every()
def test_another_kind_of_rule_leaves_nothing_of_the_old_one(phone, user, version):
    """What a weekday rule needs must be gone with it: to OX it would make another rule of the new one."""
    oid = user.new("tasks", title="Serie", start_time=millis(START), end_time=millis(DUE), full_time=True,
                   recurrence_type=3, interval=2, day_in_month=1, days=2, occurrences=7)
    r, cid = tasks(phone, user, version)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, recurring(version, "Serie", Type="2", Interval="1", DayOfMonth="6"))
    o = user.get("tasks", oid)
    assert {k: o[k] for k in MEMBERS if o.get(k)} == {"recurrence_type": 3, "interval": 1, "day_in_month": 6}
