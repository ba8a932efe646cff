# SPDX-License-Identifier: Apache-2.0
"""Flags and deletions of many mails in one Sync: few calls of the groupware server, and nothing done twice."""
import pytest

from easlib.items import mime
from easlib.mark import every
from easlib.wbxml import AirSync as A, Email as E, Tasks

COUNT = 100


def filled(phone, user, version, count=COUNT):
    r = phone(version, user=user)
    cid = r.folder(2)
    for i in range(count):
        user.deliver(mime("b@example.org", user.address, f"M{i:03d}"))
    r.sync(cid)
    return r, cid


def spent(log):
    """Calls of the groupware server that each Sync since has cost."""
    return [int(line.split(" ox=")[1].split()[0]) for line in log.lines() if "cmd=Sync" in line]


@every("2.5", "16.1")
@pytest.mark.parametrize("lose", [0, 1])
def test_a_hundred_read_marks(site, phone, user, version, lose):
    r, cid = filled(phone, user, version)
    log = site.log()
    t = r.turn(cid, [A.Change(A.ServerId(s), A.ApplicationData(E.Read("1"))) for s in r.collections[cid].items], lose)
    assert t.status == "1" and not t.responses and not t.commands, t
    assert all(m["flags"] & 32 for m in user.mails())
    assert not r.sync(cid)[-1].commands
    assert 0 < max(spent(log)) <= 8, spent(log)


@every("2.5", "16.1")
@pytest.mark.parametrize("moves", ["1", "0"])
def test_a_hundred_deletes(site, phone, user, version, moves):
    r, cid = filled(phone, user, version)
    log = site.log()
    sids = list(r.collections[cid].items)
    r.collections[cid].items.clear()
    t = r.turn(cid, [A.Delete(A.ServerId(s)) for s in sids], deletes_as_moves=moves)
    assert t.status == "1" and not t.responses and not t.commands, t
    assert user.mails() == [] and len(user.mails("default0/Trash")) == (COUNT if moves == "1" else 0)
    assert 0 < max(spent(log)) <= 8, spent(log)


@every("12.0")
def test_all_at_once(phone, user, version):
    """Marks, flags and deletions of known, vanished, unknown and twice-named mails in one request."""
    r, cid = filled(phone, user, version, 8)
    by = {d.val("Email:Subject"): s for s, d in r.collections[cid].items.items()}
    gone = user.mail_named("M006")[0]["id"]
    user.delete_mail(gone)
    flag = E.Flag(E.Status("2"), E.FlagType("Follow up"), Tasks.ReminderSet("0"))

    def change(name, *data):
        return A.Change(A.ServerId(by[name]), A.ApplicationData(*data))
    for name in ("M003", "M005"):
        r.collections[cid].items.pop(by[name])
    t = r.turn(cid, [
        change("M000", E.Read("1")), change("M001", flag), change("M002", E.Read("1"), flag),
        A.Delete(A.ServerId(by["M003"])), change("M004", E.Read("1")), change("M004", E.Read("0")),
        change("M005", E.Read("1")), A.Delete(A.ServerId(by["M005"])), change("M006", E.Read("1")),
        A.Delete(A.ServerId(cid + ":99999")), A.Change(A.ServerId(cid + ":88888"), A.ApplicationData(E.Read("1")))])
    assert t.status == "1", t
    assert sorted(x.val("Status") for x in t.responses) in (["8", "8"], ["8", "8", "8"]), t
    got = {m["subject"]: m["flags"] & 40 for m in user.mails()}
    assert got == {"M000": 32, "M001": 8, "M002": 40, "M004": 0, "M007": 0}
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["M000", "M001", "M002", "M004", "M007"]


@every("2.5", "16.1")
def test_server_down_in_between(site, phone, user, version, log):
    """Nobody knows what was done: the repeat does the rest."""
    log.allow("unavailable|503|later|OX|groupware|fault|answer")
    r, cid = filled(phone, user, version, 20)
    request = r.request(r.collections[cid], [A.Change(A.ServerId(s), A.ApplicationData(E.Read("1")))
                                             for s in r.collections[cid].items])
    site.ox.control("fault", module="multiple", user=user.name, kind="status", status=503, count=1)
    a = r.device.sync(request)
    assert a.status == 503 or a.status == 200, a
    seen = site.log()
    r.device.sync(request)
    assert max(spent(seen)) <= 6, spent(seen)
    assert all(m["flags"] & 32 for m in user.mails())
