# SPDX-License-Identifier: Apache-2.0
"""Repeats at bad moments: while the first request still runs in another process, and after that process was killed.

Two web servers share one state database, as two nodes do (or two children of one). Whatever is repeated has one effect
in OX and one answer, or the device is told to come again.
"""
import glob
import os
import signal
import tempfile
import threading
import time

import pytest

from easlib.client import Device, Server
from easlib.items import contact, mime
from easlib.replica import Turn
from easlib.seed import seed
from easlib.site import ErrorLog, Httpd, Site, location, wait_for
from easlib.wbxml import AirSync as A

ONE = pytest.mark.parametrize("version", ["14.1"])  # a killed child costs a second: httpd makes a new one then
VERSIONS = pytest.mark.parametrize("version", ["2.5", "16.1"])
DELAY = 300  # milliseconds


@pytest.fixture(scope="module")
def site():
    """The usual site, and a second server on the same store; calls to OX may take no longer than two seconds."""
    s = Site(seed())
    folder = tempfile.mkdtemp(prefix="other.", dir=s.folder)
    os.chmod(folder, 0o755)
    nodes = []
    for _ in range(2):
        where = tempfile.mkdtemp(prefix="node.", dir=s.folder)
        os.chmod(where, 0o755)
        nodes.append(Httpd(where, location("", s.ox.url, s.store_url, EASOxTimeout="2")))
    try:
        for n in nodes:
            n.wait()
        s.nodes = nodes
        yield s
    finally:
        for n in nodes:
            n.stop()
        s.stop()


class Pair:
    """One phone of the user, as it appears at two servers."""

    def __init__(self, phone, user, site, version):
        self.site, self.user, self.version = site, user, version
        self.r = phone(version, user=user, ready=False)
        self.r.device.server = Server("127.0.0.1", site.nodes[0].plain)
        self.r.device.provision()
        self.r.foldersync()
        self.cid = self.r.folder(9)
        self.r.sync(self.cid)
        self.logs = [ErrorLog(n.error_log) for n in site.nodes]

    def at(self, node):
        """The phone on a connection of its own to that server."""
        d = self.r.device
        t = Device(Server("127.0.0.1", self.site.nodes[node].plain), d.user, d.password, d.version, d.device_id,
                   d.device_type, d.agent, timeout=25)
        t.policy_key = d.policy_key
        return t

    def slow(self, call):
        """The next such call to OX takes its time."""
        module, action = call.split(".")
        self.site.ox.control("fault", user=self.user.name, module=module, action=action, delay=DELAY)

    def calls(self, call):
        return self.site.ox.control("calls")["calls"].get(call, 0)

    def kill_children(self, node):
        """The server's children die where they stand; new ones are there when this returns."""
        parent = self.site.nodes[node]
        old = children(parent.child.proc.pid)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        wait_for("a new child", lambda: set(children(parent.child.proc.pid)) - set(old))
        self.logs[node].allow("AH00052", "AH00051")

    def quiet(self):
        """Neither server has complained."""
        for log in self.logs:
            bad = [line for line in log.faults() if "AH00052" not in line and "AH00051" not in line]
            assert not bad, bad


def children(pid):
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(path.split("/")[2]))
    return found


def later(call):
    """Runs the call in a thread; wait() gives its answer, or None when the connection broke."""
    out = []

    def run():
        try:
            out.append(call())
        except OSError:
            out.append(None)
        except Exception as e:  # http.client's own errors for a server that died
            out.append(e if isinstance(e, AssertionError) else None)
    t = threading.Thread(target=run)
    t.start()

    def wait():
        t.join(30)
        assert out and not isinstance(out[0], AssertionError), out
        return out[0]
    return wait


# ---- what is repeated -----------------------------------------------------------------------------------
# Each prepares the phone and returns (request as a function of a device, OX call with the effect, "is it done well?" of
# an answer, "does OX hold what it should?").

def sync_request(p, *commands):
    p.last = p.r.request(p.r.collections[p.cid], commands)
    return p.last


def of_sync(p):
    return lambda a: a is not None and a.status == 200 and Turn(a, p.cid).status == "1"


def add(p):
    request = sync_request(p, A.Add(A.ClientId("x"), A.ApplicationData(*contact(p.version, "A", "Once"))))

    def good(a):
        return of_sync(p)(a) and Turn(a, p.cid).response("Add", ClientId="x").val("Status") == "1"
    return (lambda d: d.sync(request), "contacts.new", good,
            lambda: [o["last_name"] for o in p.user.objects("contacts")] == ["Once"])


def change(p):
    sid = p.r.add(p.cid, contact(p.version, "A", "Before"))
    request = sync_request(p, A.Change(A.ServerId(sid), A.ApplicationData(*contact(p.version, "A", "After"))))

    def good(a):
        return of_sync(p)(a) and not Turn(a, p.cid).responses
    return (lambda d: d.sync(request), "contacts.update", good,
            lambda: [o["last_name"] for o in p.user.objects("contacts")] == ["After"])


def delete(p):
    sid = p.r.add(p.cid, contact(p.version, "A", "Gone"))
    request = sync_request(p, A.Delete(A.ServerId(sid)))

    def good(a):
        return of_sync(p)(a) and not Turn(a, p.cid).responses
    return (lambda d: d.sync(request), "contacts.delete", good,
            lambda: p.user.objects("contacts") == [])


def of_folder(a):
    return a is not None and a.status == 200 and a.code == "1"


def folder_create(p):
    key = p.r.folder_key
    return (lambda d: d.folder_create(key, "0", "Once", "14"), "folders.new", of_folder,
            lambda: list(p.user.folders("contacts").values()).count("Once") == 1)


def own_folder(p, kind):
    a = p.r.device.folder_create(p.r.folder_key, "0", "Before", kind)
    p.r.folder_key = a.doc.val("SyncKey")
    return a.doc.val("ServerId")


def folder_update(p):
    sid, key = own_folder(p, "14"), p.r.folder_key
    return (lambda d: d.folder_update(key, sid, "0", "After"), "folders.update", of_folder,
            lambda: [list(p.user.folders("contacts").values()).count(x) for x in ("Before", "After")] == [0, 1])


def mail_folder_update(p):
    sid, key = own_folder(p, "12"), p.r.folder_key
    return (lambda d: d.folder_update(key, sid, "0", "After"), "folders.update", of_folder,
            lambda: [list(p.user.folders("mail").values()).count(x) for x in ("Before", "After")] == [0, 1])


def folder_delete(p):
    sid, key = own_folder(p, "14"), p.r.folder_key
    return (lambda d: d.folder_delete(key, sid), "folders.delete", of_folder,
            lambda: "Before" not in p.user.folders("contacts").values())


def send_mail(p):
    message = mime(p.user.address, p.user.address, "Once", extra=f"Message-ID: <{p.user.name}@once>\r\n")

    def good(a):
        return a is not None and a.status == 200 and (not a.body or a.code == "118")
    return (lambda d: d.sendmail(message, True, "once"), "mail.new", good,
            lambda: len(p.user.mail_named("Once")) == 1)


def settings(p):
    return (lambda d: d.settings_device(), None, of_folder, lambda: True)


EFFECTS = [add, change, delete, folder_create, folder_update, mail_folder_update, folder_delete]
TRIES = 40


def come_again(a):
    """The device was told to repeat the request."""
    if a.status == 503:
        return True
    codes = {a.code, *[c.val("Status") for c in a.doc.all("Collections/Collection")]} if a.doc is not None else set()
    return bool(codes & {"16", "5", "6", "111", "133"})


def until_good(p, device, request, good):
    """Repeats as a device does that is told to; the answer."""
    for _ in range(TRIES):
        a = request(device)
        if good(a):
            return a
        assert come_again(a), a
        time.sleep(0.1)
    raise AssertionError(a)


def settled(p, device, a):
    """What the phone takes over from the last answer is what OX has; nothing is echoed."""
    p.r.device = device
    if a.doc is not None and a.doc.get("Collections/Collection") is not None:
        p.r.apply(p.r.collections[p.cid], Turn(a, p.cid))
        assert not p.r.turn(p.cid).commands
    elif a.doc is not None and a.doc.name.startswith("FolderHierarchy"):
        p.r.folder_key = a.doc.val("SyncKey")
        assert p.r.device.foldersync(p.r.folder_key).code == "1"


@VERSIONS
@pytest.mark.parametrize("what", [*EFFECTS, send_mail, settings], ids=lambda f: f.__name__)
def test_repeat_while_the_first_still_runs(phone, user, site, version, what):
    if what is settings and version == "2.5":
        return  # no such command
    p = Pair(phone, user, site, version)
    request, call, good, held = what(p)
    if call:
        p.slow(call)
    before = p.calls(call)
    first = later(lambda: request(p.at(0)))
    time.sleep(DELAY / 4000)
    second = later(lambda: request(p.at(1)))
    answers = [first(), second()]
    site.ox.control("fault/clear")
    assert all(good(a) or come_again(a) for a in answers), answers
    assert any(good(a) for a in answers), answers
    device = p.at(1)
    a = until_good(p, device, request, good)
    assert held() and (call is None or p.calls(call) == before + 1), p.calls(call) - before
    settled(p, device, a)
    p.quiet()


@ONE
@pytest.mark.parametrize("what", [add, delete, folder_create, send_mail], ids=lambda f: f.__name__)
def test_killed_before_ox_was_asked(phone, user, site, version, what):
    """The child dies while the call is on its way, and OX refuses it."""
    p = Pair(phone, user, site, version)
    request, call, good, held = what(p)
    module, action = call.split(".")
    site.ox.control("fault", user=user.name, module=module, action=action, delay=DELAY, kind="error", count=1)
    first = later(lambda: request(p.at(0)))
    time.sleep(DELAY / 4000)
    p.kill_children(0)
    assert first() is None
    time.sleep(DELAY / 1000)
    site.ox.control("fault/clear")
    device = p.at(1)
    a = until_good(p, device, request, good)
    assert held()
    settled(p, device, a)
    p.quiet()


@ONE
@pytest.mark.parametrize("what", EFFECTS, ids=lambda f: f.__name__)
def test_killed_after_ox_has_done_it(phone, user, site, version, what):
    """The child dies when OX has made the change and nobody has written that down."""
    p = Pair(phone, user, site, version)
    request, call, good, held = what(p)
    before = p.calls(call)
    site.ox.control("fault", user=user.name, delay=DELAY, count=-1)
    first = later(lambda: request(p.at(0)))
    wait_for(call, lambda: p.calls(call) > before)
    p.kill_children(0)
    assert first() is None
    site.ox.control("fault/clear")
    device = p.at(1)
    a = until_good(p, device, request, good)
    # a delete may be asked for again, to learn that there is nothing any more
    assert held() and p.calls(call) <= before + 1 + (what in (delete, folder_delete)), p.calls(call) - before
    settled(p, device, a)
    p.quiet()


@ONE
@pytest.mark.parametrize("what", [add, change, delete], ids=lambda f: f.__name__)
def test_killed_between_commit_and_answer(phone, user, site, version, what):
    """The first folder is committed; the child dies over the second one, before a byte of the answer is out."""
    p = Pair(phone, user, site, version)
    tasks = p.r.folder(7)
    p.r.sync(tasks)
    _, call, good, held = what(p)
    before = p.calls(call)
    both = [p.last, p.r.request(p.r.collections[tasks])]
    site.ox.control("fault", user=user.name, module="tasks", delay=3 * DELAY, count=-1)
    first = later(lambda: p.at(0).sync(*both))
    wait_for(call, lambda: p.calls(call) > before)
    time.sleep(DELAY / 1000)
    p.kill_children(0)
    assert first() is None
    site.ox.control("fault/clear")
    device = p.at(0)
    a = until_good(p, device, lambda d: d.sync(*both), good)
    assert held() and p.calls(call) == before + 1, p.calls(call) - before
    settled(p, device, a)
    p.quiet()


@VERSIONS
@pytest.mark.parametrize("what", [*EFFECTS, send_mail, settings], ids=lambda f: f.__name__)
def test_answers_lost_at_two_servers(phone, user, site, version, what):
    """The answer is complete and gets lost; the repeats come here and there, to processes that know nothing of it."""
    if what is settings and version == "2.5":
        return
    p = Pair(phone, user, site, version)
    request, call, good, held = what(p)
    before = p.calls(call)
    assert good(request(p.at(0)))
    answers = [request(p.at(node)) for node in (1, 0, 0, 1)]
    assert all(good(a) for a in answers), answers
    assert held() and (call is None or p.calls(call) == before + 1), p.calls(call) - before
    settled(p, p.at(0), answers[-1])
    p.quiet()
