# SPDX-License-Identifier: Apache-2.0
"""What is in the window of a Sync: filters of each class, sizes, several folders (MS-ASCMD 2.2.3.68, 2.2.3.199)."""
import datetime

import pytest

from easlib.items import UTC, event, millis, mime, task
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A, Email as E

AGES = (0, 2, 5, 10, 20, 40)
INSIDE = {"0": 6, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5}  # mails of those ages by FilterType


def kinds(turns):
    """How many of each command came."""
    out = {}
    for t in turns:
        for c in t.commands:
            out[c.tag] = out.get(c.tag, 0) + 1
    return out


def names(r, cid, path):
    return set(r.texts(cid, path))


# ---- FilterType -----------------------------------------------------------------------------------------

@every()
def test_mail_filter_shrinks_and_grows(phone, user, version):
    """Each step brings Adds or SoftDeletes only, never a Delete or a new start; OX keeps all of it."""
    for age in AGES:
        user.deliver_aged(mime("b@example.org", user.address, f"M{age}"), age)
    r = phone(version, user=user)
    cid = r.folder(2)
    r.open(cid).filter = "3"
    r.sync(cid)
    have = 3
    assert len(r.collections[cid].items) == have
    for filt in ("1", "4", "2", "5", "0", "3", "0", "1", "5"):
        r.open(cid).filter = filt
        turns = r.sync(cid)
        want = INSIDE[filt]
        step = {"Add": want - have} if want > have else {"SoftDelete": have - want} if want < have else {}
        assert kinds(turns) == step, (filt, turns)
        assert names(r, cid, "Email:Subject") == {f"M{a}" for a in AGES[:want]}, filt
        have = want
        assert not r.turn(cid).commands
    assert len(user.mails()) == len(AGES)


@every()
def test_mail_outside_the_window_is_none_of_the_phones_business(phone, user, version):
    """Changes there say nothing, and a Delete or Change of what was soft-deleted is refused (fm24)."""
    ids = {age: user.deliver_aged(mime("b@example.org", user.address, f"M{age}"), age) for age in (0, 40)}
    r = phone(version, user=user)
    cid = r.folder(2)
    r.open(cid).filter = "0"
    r.sync(cid)
    (sid,) = r.find(cid, "Email:Subject", "M40")
    r.open(cid).filter = "3"
    assert kinds(r.sync(cid)) == {"SoftDelete": 1}
    user.flag([m["id"] for m in user.mails() if m["subject"] == "M40"][0], 32)
    assert not r.turn(cid).commands and ids
    t = r.turn(cid, [A.Delete(A.ServerId(sid)), A.Change(A.ServerId(sid), A.ApplicationData(E.Read("0")))])
    assert t.status == "1" and t.response("Change", ServerId=sid).val("Status") == "8", t
    assert len(user.mails()) == 2 and user.mail_named("M40")[0]["flags"] & 32
    r.open(cid).filter = "0"
    assert kinds(r.sync(cid)) == {"Add": 1}
    assert r.collections[cid].items[sid].val("Read") == "1"


@every()
def test_filter_changes_while_an_answer_is_lost(phone, user, version):
    for age in AGES:
        user.deliver_aged(mime("b@example.org", user.address, f"M{age}"), age)
    r = phone(version, user=user)
    cid = r.folder(2)
    for filt in ("2", "0", "1", "5"):
        r.open(cid).filter = filt
        r.open(cid).window = "2"
        r.sync(cid, lose=1)
        assert names(r, cid, "Email:Subject") == {f"M{a}" for a in AGES[:INSIDE[filt]]}, filt


@every()
def test_calendar_filter(phone, user, version):
    """What lies ahead is always inside, what lies behind by its end."""
    now = datetime.datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for days in (-300, -150, -60, -20, -10, 0, 400):
        start = millis(now + datetime.timedelta(days=days))
        user.new("calendar", title=f"E{days}", start_date=start, end_date=start + 3600000, timezone="UTC")
    r = phone(version, user=user)
    cid = r.folder(8)
    want = {"4": {-10, 0, 400}, "5": {-20, -10, 0, 400}, "6": {-60, -20, -10, 0, 400},
            "7": {-150, -60, -20, -10, 0, 400}, "0": {-300, -150, -60, -20, -10, 0, 400}}
    for filt in ("4", "7", "5", "0", "6", "4"):
        r.open(cid).filter = filt
        turns = r.sync(cid)
        assert names(r, cid, "Calendar:Subject") == {f"E{d}" for d in want[filt]}, filt
        assert not any(t.of("Delete") or t.of("Change") for t in turns)
    assert len(user.ids("calendar")) == 7


@every()
def test_event_moves_out_of_the_window_and_back(phone, user, version):
    now = datetime.datetime.now(UTC).replace(minute=0, second=0, microsecond=0)

    def at(days):
        start = now + datetime.timedelta(days=days)
        return {"start_date": millis(start), "end_date": millis(start) + 3600000}
    oid = user.new("calendar", title="E", timezone="UTC", **at(1))
    r = phone(version, user=user)
    cid = r.folder(8)
    r.open(cid).filter = "4"
    r.sync(cid)
    user.update("calendar", oid, **at(-100))
    assert kinds(r.sync(cid)) == {"SoftDelete": 1}
    user.update("calendar", oid, **at(2))
    assert kinds(r.sync(cid)) == {"Add": 1}
    (sid,) = r.collections[cid].items
    start = now - datetime.timedelta(days=50)  # by the phone itself: it leaves the phone, not OX
    r.change(cid, sid, event(version, "E", start, start + datetime.timedelta(hours=1)))
    r.sync(cid)
    assert not r.collections[cid].items and len(user.ids("calendar")) == 1


@every()
def test_task_filter(phone, user, version):
    """8: what is done leaves the phone, what is opened again comes back; OX keeps both."""
    user.new("tasks", title="open", status=1)
    done = user.new("tasks", title="done", status=3, percent_completed=100)
    r = phone(version, user=user)
    cid = r.folder(7)
    r.open(cid).filter = "8"
    r.sync(cid)
    assert names(r, cid, "Tasks:Subject") == {"open"}
    r.open(cid).filter = "0"
    assert kinds(r.sync(cid)) == {"Add": 1}
    r.open(cid).filter = "8"
    assert kinds(r.sync(cid)) == {"SoftDelete": 1}
    user.update("tasks", done, status=1, percent_completed=0)
    assert kinds(r.sync(cid)) == {"Add": 1}
    user.update("tasks", done, status=3, percent_completed=100)
    assert kinds(r.sync(cid)) == {"SoftDelete": 1}
    (sid,) = r.collections[cid].items
    r.change(cid, sid, task(version, "open", complete=True, completed=datetime.datetime.now(UTC)))
    r.sync(cid)
    assert not r.collections[cid].items and len(user.ids("tasks")) == 2
    new = r.add(cid, task(version, "new"))
    assert not r.turn(cid).commands and set(r.collections[cid].items) == {new}


FILTERS = {2: "012345", 8: "04567", 7: "08"}


@every()
@pytest.mark.parametrize("kind", [2, 8, 7, 9])
def test_each_filter_of_each_class(phone, user, version, kind):
    """What is of another class is Status 4 and changes nothing; contacts take any number and look at none."""
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    for filt in "0123456789":
        key = r.collections[cid].key
        t = r.turn(cid, options=A.Options(A.FilterType(filt)))
        good = filt in FILTERS.get(kind, "012345678")
        assert t.status == ("1" if good else "4"), (filt, t)
        assert good or r.collections[cid].key == key
    assert r.turn(cid).status == "1"


# ---- sizes ----------------------------------------------------------------------------------------------

def several(r, rows, **kw):
    """One Sync of several folders: [(cid, window)]; {cid: Turn}."""
    a = r.device.sync(*[r.request(r.collections[cid], window=w) for cid, w in rows], **kw)
    order = [c.val("CollectionId") for c in a.doc.all("Collections/Collection")] if a.doc is not None else []
    assert order == [cid for cid, _ in rows if cid in order], "as asked"
    turns = {cid: Turn(a, cid) for cid, _ in rows}
    for cid, t in turns.items():
        r.apply(r.collections[cid], t)
    return turns


@every()
def test_windows_of_several_folders(phone, user, version):
    """Each folder has its own, and the request's own window is over all of them in the order asked."""
    r = phone(version, user=user)
    mails, contacts, tasks = r.folder(2), r.folder(9), r.folder(7)
    for cid in (mails, contacts, tasks):
        r.open(cid).filter = None
        r.turn(cid)
    for i in range(7):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
        user.new("contacts", last_name=f"C{i}", display_name=f"C{i}")
    user.new("tasks", title="T")

    def counts(turns):
        return [(len(t.of("Add")), t.more) for t in (turns[mails], turns[contacts], turns[tasks])]
    rows = [(mails, "3"), (contacts, "2"), (tasks, None)]
    assert counts(several(r, rows)) == [(3, True), (2, True), (1, False)]
    r.faults.clear()
    got = counts(several(r, [(mails, None), (contacts, None), (tasks, None)], window="5"))
    assert got == [(4, False), (1, True), (0, False)], got
    got = counts(several(r, [(contacts, None), (mails, None), (tasks, None)], window="3"))
    assert got == [(0, False), (3, True), (0, False)], got
    got = counts(several(r, [(contacts, None), (mails, None), (tasks, None)], window="1"))
    assert got == [(0, False), (1, False), (0, False)], got
    assert not r.faults and [len(r.collections[c].items) for c in (mails, contacts, tasks)] == [7, 7, 1]


@every()
def test_more_available_only_where_there_is_more(phone, user, version):
    """The window is used up by the first folder; of the others only the one with changes is said to have some."""
    r = phone(version, user=user)
    mails, contacts, tasks = r.folder(2), r.folder(9), r.folder(7)
    for cid in (mails, contacts, tasks):
        r.turn(cid)
    for i in range(2):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    user.new("tasks", title="T")
    a = r.device.sync(*[r.request(r.collections[c]) for c in (mails, contacts, tasks)], window="2")
    turns = [Turn(a, c) for c in (mails, contacts, tasks)]
    assert [(len(t.commands), t.more) for t in turns] == [(2, False), (0, False), (0, True)], a
    for cid, t in zip((mails, contacts), turns):
        r.apply(r.collections[cid], t)
    a = r.device.sync(*[r.request(r.collections[c]) for c in (mails, contacts, tasks)], window="2")
    assert len(Turn(a, tasks).commands) == 1 and not Turn(a, tasks).more


@every()
@pytest.mark.parametrize("window,want", [("0", 5), ("513", 5), ("99999", 5), ("5", 5), ("4", 4)])
def test_window_of_the_request(phone, user, version, window, want):
    for i in range(5):
        user.new("contacts", last_name=f"n{i}", display_name=f"n{i}")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.turn(cid)
    t = Turn(r.device.sync(r.request(r.collections[cid]), window=window), cid)
    assert len(t.of("Add")) == want and t.more == (want < 5), t


@every()
@pytest.mark.parametrize("window", ["-1", "x", "", "1.5"])
def test_window_of_the_request_of_rubbish(phone, user, version, window):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    a = r.device.sync(r.request(r.collections[cid]), window=window)
    assert a.code == "4", a
    assert r.turn(cid).status == "1"


@every()
def test_more_available_always_progresses(phone, user, site, version):
    """Items that cannot be read stand in the way of nothing: each answer that promises more brings something."""
    for i in range(9):
        user.new("contacts", last_name=f"n{i}", display_name=f"n{i}")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.open(cid).window = "1"
    turns = r.sync(cid)
    assert all(len(t.commands) == 1 for t in turns[1:]) and len(turns) == 10
    assert len({s for t in turns for s in t.of("Add")}) == 9


@every()
def test_own_changes_do_not_fill_the_window(phone, user, version):
    """Ten of the phone's own beside one of the server's: the one comes in a window of one, and nothing is echoed."""
    r = phone(version, user=user)
    cid = r.folder(7)
    r.sync(cid)
    user.new("tasks", title="server")
    t = r.turn(cid, [A.Add(A.ClientId(str(i)), A.ApplicationData(*task(version, f"own {i}"))) for i in range(10)],
               window="1")
    assert len(t.responses) == 10 and [d.val("Subject") for d in t.of("Add").values()] == ["server"], t
    t = r.turn(cid, window="1")
    assert not t.commands and not t.more, t


@every()
def test_own_change_is_not_echoed_in_any_field(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(7)
    r.sync(cid)
    sid = r.add(cid, task(version, "A", importance="2"))
    for name in ("B", "C"):
        t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(*task(version, name)))])
        assert not t.commands and not t.responses, t
    assert not r.turn(cid).commands
    assert [o["title"] for o in user.objects("tasks")] == ["C"]
