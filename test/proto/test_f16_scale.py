# SPDX-License-Identifier: Apache-2.0
"""A folder of 100,000 mails, FilterType 0: what a window of it costs in memory and calls does not hang on how many there
are, and neither does looking whether there is something new."""

import pytest

from conftest import User
from easlib.client import Device
from easlib.items import mime
from easlib.memory import Peak
from easlib.replica import Replica
from easlib.wbxml import AirSync as A, AirSyncBase as B

FEW, MANY, WALKED = 1000, 100000, 4000
OPTIONS = A.Options(A.FilterType("0"), B.BodyPreference(B.Type("1"), B.TruncationSize("500")))


def spent(site, log):
    """(calls of the groupware server, statements) of each Sync since, oldest first."""
    lines = [line for line in log.lines() if "cmd=Sync" in line]
    return [tuple(int(line.split(f" {name}=")[1].split()[0]) for name in ("ox", "store")) for line in lines]


def filled(site, phone, count):
    user = User(site)
    site.ox.control("module/mail", op="deliver", user=user.name, generate=count, silent=True)
    r = phone("16.1", user=user, timeout=120)
    cid = r.folder(2)
    r.open(cid).window = "512"
    return user, r, cid


def sent_by_ox(site):
    return site.ox.control("calls")["bytesOut"]


def test_first_windows(site, phone):
    """Two windows of 100,000 mails take no more memory than those of 1,000, and hardly more calls; a mail that comes in
    between is told soon, not after all the old ones, and without a listing of the folder."""
    grown, calls = {}, {}
    for count in (FEW, FEW, MANY):  # once for what is only done once
        user, r, cid = filled(site, phone, count)
        log = site.log()
        with Peak(site) as peak:
            r.turn(cid)
            t = r.turn(cid, options=OPTIONS)
            assert len(t.commands) == 512 and t.more
        grown[count], calls[count] = peak.grown, [ox for ox, _ in spent(site, log)]
    assert grown[MANY] <= grown[FEW] + 4096, grown
    assert max(calls[MANY]) <= 20, calls
    user.deliver(mime("b@example.org", user.address, "Gerade gekommen"))
    r.open(cid).window = "100"
    log, before, told = site.log(), sent_by_ox(site), []
    while "Gerade gekommen" not in told:
        assert len(told) <= 1000, "a new mail waits for the old ones"
        told = [d.val("Email:Subject") for d in r.turn(cid).of("Add").values()] + told
    turns = spent(site, log)
    assert max(ox for ox, _ in turns) <= 8 and sent_by_ox(site) - before < len(turns) << 20, (turns, before)


@pytest.fixture(scope="module")
def walked(site):
    """{count: (user, phone, folder)}: all mails of a small and of a larger folder are on the phone."""
    out = {}
    for count in (FEW, WALKED):
        user = User(site)
        site.ox.control("module/mail", op="deliver", user=user.name, generate=count, silent=True)
        r = Replica(Device(site.eas, user.name, user.password, "16.1", timeout=120))
        r.device.provision()
        r.foldersync()
        cid = r.folder(2)
        r.open(cid).window = "512"
        r.turn(cid)
        r.turn(cid, options=A.Options(A.FilterType("0")))
        while r.turn(cid).more:
            pass
        assert len(r.collections[cid].items) == count and not r.faults
        out[count] = user, r, cid
    yield out
    for _, r, _ in out.values():
        r.device.close()


def cost(site, work):
    """(calls, statements, bytes from OX) of the one Sync that work makes."""
    log, before = site.log(), sent_by_ox(site)
    work()
    (ox, store), = spent(site, log)
    return ox, store, sent_by_ox(site) - before


def test_nothing_new(site, walked, log):
    """One cheap call, whatever lies in the folder."""
    costs = {}
    for count, (user, r, cid) in walked.items():
        r.turn(cid)
        costs[count] = cost(site, lambda: r.turn(cid))
    assert costs[FEW][:2] == costs[WALKED][:2] and costs[WALKED][0] == 1, costs
    assert costs[WALKED][2] < 2000, costs


def test_new_mail(site, walked, log):
    """It comes with the next Sync; the folder is not listed for it."""
    costs = {}
    for count, (user, r, cid) in walked.items():
        user.deliver(mime("b@example.org", user.address, "Neu"))

        def sync():
            t = r.turn(cid)
            assert [d.val("Email:Subject") for d in t.of("Add").values()] == ["Neu"] and len(t.commands) == 1, t
        costs[count] = cost(site, sync)
    assert costs[FEW][:2] == costs[WALKED][:2], costs
    assert costs[WALKED][2] < costs[FEW][2] + 2000, costs
