# SPDX-License-Identifier: Apache-2.0
"""Single tasks both ways (MS-ASTASK), checked in OX."""
import pytest

from easlib.items import millis, punctuated, task, when
from easlib.mark import every
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, Tasks as T

DUE = when("2031-05-06 00:00")


def tasks(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(7)
    r.sync(cid)
    return r, cid


@every()
def test_task_from_ox(phone, user, version):
    user.new("tasks", title="Steuer ü", note="bald", status=1, percent_completed=0, priority=3, full_time=True,
             end_time=millis(DUE), alarm=millis(when("2031-05-05 08:00")))
    r, cid = tasks(phone, user, version)
    (d,) = r.collections[cid].items.values()
    assert (d.val("Subject"), d.val("Importance"), d.val("Complete")) == ("Steuer ü", "2", "0")
    assert d.val("DueDate")[:10] == "2031-05-06" and "UtcDueDate" in d
    assert (d.val("ReminderSet"), d.val("ReminderTime")) == ("1", punctuated(when("2031-05-05 08:00")))
    assert body_text(d).strip() == "bald"


@every()
def test_life_of_a_task_from_the_phone(phone, user, version):
    r, cid = tasks(phone, user, version)
    sid = r.add(cid, task(version, "Anruf", DUE, "Nummer", "0", reminder=when("2031-05-05 08:00")))
    (o,) = user.objects("tasks")
    assert (o["title"], o["note"].strip(), o["priority"], o["status"]) == ("Anruf", "Nummer", 1, 1)
    assert o.get("end_time", o.get("end_date")) == millis(DUE) and o["alarm"] == millis(when("2031-05-05 08:00"))
    done = when("2031-05-04 10:00")
    t = r.change(cid, sid, task(version, "Anruf", DUE, None, "0", True, done))
    assert t.status == "1" and not t.responses and not t.of("Add"), t
    o = user.get("tasks", o["id"])
    assert (o["status"], o["percent_completed"], o["note"].strip()) == (3, 100, "Nummer")
    r.change(cid, sid, task(version, "Anruf", None, None, "0", False))
    o = user.get("tasks", o["id"])
    assert o["status"] != 3 and o["percent_completed"] < 100 and not o.get("end_time")
    r.delete(cid, sid)
    assert user.objects("tasks") == []


@every()
def test_life_of_a_task_from_ox(phone, user, version):
    r, cid = tasks(phone, user, version)
    oid = user.new("tasks", title="A", status=1, percent_completed=0, priority=2)
    r.sync(cid)
    (sid,) = r.find(cid, "Tasks:Subject", "A")
    user.update("tasks", oid, status=3, percent_completed=100, date_completed=millis(DUE))
    r.sync(cid)
    d = r.collections[cid].items[sid]
    assert d.val("Complete") == "1" and d.val("DateCompleted")[:10] == "2031-05-06"
    user.delete("tasks", oid)
    r.sync(cid)
    assert not r.collections[cid].items


@every()
def test_filter_incomplete(phone, user, version):
    user.new("tasks", title="offen", status=1, percent_completed=0)
    user.new("tasks", title="fertig", status=3, percent_completed=100)
    r, cid = tasks(phone, user, version)
    assert r.texts(cid, "Tasks:Subject") == ["fertig", "offen"]
    r.open(cid).filter = "8"
    r.sync(cid)
    assert r.texts(cid, "Tasks:Subject") == ["offen"] and len(user.objects("tasks")) == 2


@every()
@pytest.mark.parametrize("bad", [T.ReminderSet("2"), T.DueDate("soon"), T.Complete("yes")], ids=lambda e: e.tag)
def test_bad_value_is_status_6(phone, user, version, bad):
    r, cid = tasks(phone, user, version)
    t = r.turn(cid, [A.Add(A.ClientId("b"), A.ApplicationData(T.Subject("B"), bad))])
    assert t.status == "1" and t.response("Add", ClientId="b").val("Status") == "6", t
    assert user.objects("tasks") == []
