# SPDX-License-Identifier: Apache-2.0
"""Follow-up flags with dates, reminder and completion (MS-ASEMAIL 2.2.2.34): OX keeps one bit, the rest stays with the
device that has set it."""
from easlib.items import mime, punctuated, when
from easlib.mark import every, rows
from easlib.wbxml import AirSync as A, Email as E, ItemOperations as I, Move as M, Tasks as T

FLAGGED = 8
INBOX = "default0/INBOX"
DATES = {"StartDate": "2031-05-06 07:00", "DueDate": "2031-05-08 07:00", "UtcStartDate": "2031-05-06 05:00",
         "UtcDueDate": "2031-05-08 05:00", "ReminderTime": "2031-05-07 06:30", "OrdinalDate": "2031-01-01 00:00"}


def active(**more):
    """With all that there is of a flag that is set."""
    texts = {k: punctuated(when(v)) for k, v in {**DATES, **more}.items()}
    return E.Flag(T.Subject("Bitte prüfen; bald"), E.Status("2"), E.FlagType("Nachfassen"), T.StartDate(texts["StartDate"]),
                  T.DueDate(texts["DueDate"]), T.UtcStartDate(texts["UtcStartDate"]), T.UtcDueDate(texts["UtcDueDate"]),
                  T.ReminderSet("1"), T.ReminderTime(texts["ReminderTime"]), T.OrdinalDate(texts["OrdinalDate"]),
                  T.SubOrdinalDate("5555555"))


def done():
    t = punctuated(when("2031-05-07 12:00"))
    return E.Flag(E.Status("1"), E.FlagType("Nachfassen"), T.DateCompleted(t), E.CompleteTime(t))


def told(flag):
    return {e.tag: e.text for e in flag}


def ready(phone, user, version):
    if not user.mails():
        user.deliver(mime("b@example.org", user.address, "F", "x", "Message-ID: <f@x>\r\n"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    return r, cid, sid


def again(r, cid):
    """The device starts over: what it is told of the flag."""
    r.collections[cid].key, r.collections[cid].items = "0", {}
    r.sync(cid)
    (data,) = r.collections[cid].items.values()
    return told(data["Email:Flag"])


@every("12.0")
def test_dates_stay_with_the_device(phone, user, version):
    r, cid, sid = ready(phone, user, version)
    flag = active()
    t = r.change(cid, sid, [flag], lose=1)
    assert t.status == "1" and not t.responses and not t.commands, t
    assert user.mails()[0]["flags"] & FLAGGED
    user.flag(user.mails()[0]["id"], 32)
    user.deliver(mime("b@example.org", user.address, "Neu"))
    (t,) = r.sync(cid)
    (change,) = t.of("Change").values()
    assert [e.name for e in change] == ["Email:Read"], "and no word of the flag"
    user.delete_mail(next(m["id"] for m in user.mails() if m["subject"] == "Neu"))
    assert again(r, cid) == told(flag)
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), A.CollectionId(cid), A.ServerId(sid)))
    assert told(a.doc["Response/Fetch/Properties/Email:Flag"]) == told(flag)


@every("12.0")
def test_another_date(phone, user, version):
    r, cid, sid = ready(phone, user, version)
    r.change(cid, sid, [active()])
    later = active(DueDate="2031-06-08 07:00", UtcDueDate="2031-06-08 05:00")
    t = r.change(cid, sid, [later])
    assert not t.responses and not t.commands and again(r, cid) == told(later)
    t = r.change(cid, sid, [E.Flag(E.Status("2"), E.FlagType("for Follow Up"))])
    assert set(again(r, cid)) == {"Status", "FlagType"}


@every("12.0")
def test_done(phone, user, version):
    """OX knows no such state: there the flag goes, here it stays done."""
    r, cid, sid = ready(phone, user, version)
    r.change(cid, sid, [active()])
    t = r.change(cid, sid, [done()])
    assert not t.responses and not t.commands and not user.mails()[0]["flags"] & FLAGGED
    assert not r.sync(cid)[-1].commands
    assert again(r, cid) == told(done())
    r.change(cid, sid, [E.Flag()])
    assert again(r, cid) == {}


@every("12.0")
def test_others_have_the_last_word(phone, user, version):
    """Cleared in OX it is clear here too, and set again it has no old dates."""
    r, cid, sid = ready(phone, user, version)
    r.change(cid, sid, [active()])
    mid = user.mails()[0]["id"]
    for set_, clear, want in ((0, FLAGGED, {}), (FLAGGED, 0, {"Status", "FlagType"})):
        user.flag(mid, set_, clear)
        assert set(again(r, cid)) == set(want)
    r.change(cid, sid, [done()])
    user.flag(mid, FLAGGED)
    assert again(r, cid)["Status"] == "2"


@every("12.0")
def test_moves_along(phone, user, version):
    user.new_folder("Projekt", "mail")
    r, cid, sid = ready(phone, user, version)
    r.change(cid, sid, [active()])
    to = r.folder_named("Projekt")
    r.sync(cid)
    r.sync(to)
    a = r.device.cmd("MoveItems", M.MoveItems(M.Move(M.SrcMsgId(sid), M.SrcFldId(cid), M.DstFldId(to))))
    r.collections[to].items[a.doc.val("Response/DstMsgId")] = r.collections[cid].items.pop(sid)
    (t,) = r.sync(to)
    assert all(told(d["Email:Flag"]) == told(active()) for d in t.of("Change").values()), t
    assert again(r, to) == told(active())


@every("12.0")
def test_another_device_sees_that_it_is_flagged(phone, user, version):
    r, cid, sid = ready(phone, user, version)
    r.change(cid, sid, [active()])
    other, cid2, sid2 = ready(phone, user, version)
    assert set(told(other.collections[cid2].items[sid2]["Email:Flag"])) == {"Status", "FlagType"}


@every("12.0")
@rows("bad", [["date", E.Flag(E.Status("2"), E.FlagType("x"), T.OrdinalDate("bald"))],
              ["long", E.Flag(T.Subject("x" * 2000), E.Status("2"), E.FlagType("x"))],
              ["reminder", E.Flag(E.Status("2"), E.FlagType("x"), T.ReminderSet("1"))],
              ["half", E.Flag(E.Status("2"), E.FlagType("x"), T.StartDate("2031-05-06T07:00:00.000Z"))],
              ["no type", E.Flag(E.Status("2"))]])
def test_bad_flags(phone, user, version, bad):
    r, cid, sid = ready(phone, user, version)
    t = r.change(cid, sid, [bad])
    assert t.response("Change", ServerId=sid).val("Status") == "6" and not user.mails()[0]["flags"] & FLAGGED
