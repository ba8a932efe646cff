# SPDX-License-Identifier: Apache-2.0
"""Devices that run too fast are told to come later; healthy ones never are (failure modes 9, 14, 16)."""
import pytest

from easlib.client import Device, Server
from easlib.items import contact, mime
from easlib.mark import every
from easlib.replica import Replica
from easlib.wbxml import AirSync as A, Email as E

LINE = "EAS00050"


@pytest.fixture
def paced(site, phone):
    """phone() at a location with the directives' defaults."""
    def make(version, **kw):
        r = phone(version, ready=False, **kw)
        r.device.server = Server(site.eas.host, site.eas.port, path="/paced" + site.eas.path)
        r.device.provision()
        r.foldersync()
        return r
    return make


def until_slowed(call, most):
    """Calls until 503; how often it was answered, and the refusal."""
    for n in range(most):
        a = call()
        if a.status == 503:
            return n, a
    raise AssertionError(f"never slowed in {most} requests: {a}")


def slowed(a, why):
    assert a.status == 503 and int(a.header("Retry-After")) > 0 and a.body == b"", (a, a.headers)
    assert a.header("X-MS-ASThrottle") == (why if float(a.version) >= 14 else None), a.headers


def told_once(log):
    """One line for the administrator, however many refusals."""
    assert sum(LINE in line for line in log.lines()) == 1
    log.expect_lognos(LINE)


@every()
def test_same_key_and_body_for_ever(paced, user, site, log, version):
    """The device never takes the answer it is given. The item exists once, and OX is left in peace."""
    r = paced(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    request = r.request(r.collections[cid], [A.Add(A.ClientId("x"), A.ApplicationData(*contact(version, "A", "B")))])
    n, a = until_slowed(lambda: r.device.sync(request), 60)
    assert n >= 10, n
    slowed(a, "RecentCommands")
    before = site.ox.control("calls")["total"]
    for _ in range(20):
        slowed(r.device.sync(request), "RecentCommands")
    slowed(r.device.foldersync(r.folder_key), "RecentCommands")
    slowed(r.device.ping([(cid, "Contacts")], "1"), "RecentCommands")
    assert site.ox.control("calls")["total"] == before and len(user.objects("contacts")) == 1
    told_once(log)
    a = r.device.sendmail(mime(user.address, user.address, "Still goes out"))
    assert a.status == 200 and a.body == b"", "what is no question for news is not held up"


@every()
def test_fm14_key_0_for_ever(paced, user, log, version):
    """Each second request carries a fresh key, and still the device gets nowhere."""
    user.new("contacts", last_name="A", display_name="A")
    r = paced(version, user=user)
    cid = r.folder(9)

    def start_over():
        a = r.device.sync(r.device.collection("0", cid, "Contacts"))
        if a.status != 200:
            return a
        key = a.doc.val("Collections/Collection/SyncKey")
        return r.device.sync(r.device.collection(key, cid, "Contacts", get_changes="1"))
    n, a = until_slowed(start_over, 60)
    assert n >= 8, n
    slowed(a, "RecentCommands")
    told_once(log)


@every()
def test_storm_of_questions(paced, user, log, version):
    r = paced(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    n, a = until_slowed(lambda: r.device.sync(r.request(r.collections[cid])), 200)
    assert n >= 100, n
    slowed(a, "CommandFrequency")
    told_once(log)


@pytest.mark.parametrize("version", ["12.1", "16.1"])
def test_loop_of_a_device_without_policy(paced, user, log, version):
    """Refused before the command is looked at, and slowed all the same (449 and FolderSync in turns)."""
    r = paced(version, user=user)
    r.device.policy_key = "0"
    n, a = until_slowed(lambda: r.device.foldersync(), 60)
    assert n >= 10, n
    slowed(a, "RecentCommands")
    told_once(log)


@pytest.mark.parametrize("version", ["2.5", "14.1"])
def test_only_that_device(paced, user, other_user, log, version):
    """The same id of another user, and another device of the same user, are served."""
    r = paced(version, user=user, device_id="PACEDDEVICE")
    until_slowed(lambda: r.device.foldersync(), 60)
    other, second = paced(version, user=other_user, device_id="PACEDDEVICE"), paced(version, user=user)
    for x in (other, second):
        x.sync(x.folder(9))
    assert r.device.foldersync().status == 503
    told_once(log)


@pytest.mark.parametrize("version", ["2.5", "12.1", "14.1", "16.1"])
def test_healthy_phone_is_never_slowed(paced, user, log, version):
    """A busy morning with a bad network: everything is answered."""
    for i in range(60):
        user.new("contacts", last_name=f"n{i}", display_name=f"n{i}")
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    r = paced(version, user=user)
    for kind in (9, 7, 8, 2, 3, 4, 5):
        r.open(r.folder(kind)).window = "5"
        r.sync(r.folder(kind), lose=1)
    contacts, inbox = r.folder(9), r.folder(2)
    for i in range(3):
        r.change(contacts, r.add(contacts, contact(version, "A", f"B{i}"), lose=4), contact(version, "A", "C"), lose=4)
    for i in range(10):
        user.deliver(mime("b@example.org", user.address, f"Busy {i}"))
        assert r.device.ping([(inbox, "Email")], "60").code == "2"
        (sid,) = r.turn(inbox).of("Add")
        r.change(inbox, sid, [E.Read("1")])
    for _ in range(20):
        assert r.turn(inbox).status == "1"
    for _ in range(4):
        assert r.foldersync().code == "1"
    assert len(r.collections[contacts].items) == 63 and not any(LINE in line for line in log.lines())


def test_off(phone, user, log):
    """EASThrottle 0, as for the other tests."""
    r = phone("14.1", user=user)
    for _ in range(300):
        assert r.device.foldersync(r.folder_key).code == "1"


def test_connections_do_not_matter(paced, user, log):
    """Each request on a connection of its own: it is the device that counts."""
    r = paced("14.1", user=user)
    d = r.device

    def fresh():
        x = Device(d.server, d.user, d.password, d.version, d.device_id, keepalive=False)
        x.policy_key = d.policy_key
        return Replica(x).device.foldersync()
    n, a = until_slowed(fresh, 60)
    slowed(a, "RecentCommands")
    told_once(log)
