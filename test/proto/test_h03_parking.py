# SPDX-License-Identifier: Apache-2.0
"""Devices that wait without a thread: more of them than there are threads, and none is lost when something happens."""
import base64
import os
import select
import signal
import socket
import ssl
import time

import pytest

from easlib import wbxml
from easlib.client import Answer, Device
from easlib.items import mime
from easlib.replica import Replica
from easlib.seed import seed
from easlib.site import Site, wait_for
from easlib.wbxml import AirSync as A, Ping as P
from conftest import User
from test_h02_hints import event, tell

FEW = "AsyncRequestWorkerFactor 40\nThreadsPerChild 25\nServerLimit 6\nStartServers %d\nMaxRequestWorkers %d\n" \
      "MinSpareThreads 1\nMaxSpareThreads 150\nGracefulShutdownTimeout 20\n"


class Waiting:
    """One request that was sent and whose answer nobody has read yet."""

    def __init__(self, device, cmd, doc, conn=None):
        self.device = device
        body = wbxml.encode(doc) if doc is not None else b""
        auth = device.headers(cmd)
        pair = base64.b64encode(f"{device.user}:{device.password}".encode()).decode()
        lines = [f"POST {device.target(cmd)} HTTP/1.1", "Host: localhost", f"Authorization: Basic {pair}",
                 f"Content-Length: {len(body)}", "Content-Type: application/vnd.ms-sync.wbxml",
                 *[f"{k}: {v}" for k, v in auth.items()]]
        self.sock = conn or self.connect(device.server)
        self.sock.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
        self.sent, self.data = time.monotonic(), b""

    @staticmethod
    def connect(server):
        s = socket.create_connection((server.host, server.port), timeout=20)
        if server.tls:
            ctx = ssl.create_default_context()
            ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
            s = ctx.wrap_socket(s)
        return s

    def ready(self, seconds=0):
        """Is there something of an answer? What TLS says by itself is none."""
        end = time.monotonic() + seconds
        while not self.data:
            if not select.select([self.sock], [], [], max(0, end - time.monotonic()))[0]:
                return False
            self.sock.settimeout(0)
            try:
                self.data = self.sock.recv(65536)
                return True
            except (ssl.SSLWantReadError, BlockingIOError):
                pass
        return True

    def answer(self, seconds=20):
        """The answer, and how long after now it came."""
        start, data = time.monotonic(), self.data
        self.sock.settimeout(seconds)
        while b"\r\n\r\n" not in data:
            got = self.sock.recv(65536)
            assert got, ("the connection ended without an answer", data)
            data += got
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        length = int(next(v for k, v in headers if k.lower() == "content-length"))
        while len(body) < length:
            body += self.sock.recv(65536)
        self.took = time.monotonic() - start
        return Answer(int(lines[0].split()[1]), headers, body, self.device.version, "POST")

    def close(self):
        self.sock.close()


def ping(device, cid, seconds="120", conn=None):
    return Waiting(device, "Ping", P.Ping(P.HeartbeatInterval(seconds),
                                          P.Folders(P.Folder(P.Id(cid), P.Class("Email")))), conn)


def sync_wait(replica, cid, seconds="120", conn=None):
    return Waiting(replica.device, "Sync", A.Sync(A.Collections(replica.request(replica.collections[cid])),
                                                  A.HeartbeatInterval(seconds)), conn)


class Crowd:
    """Users with phones, each up to date with its inbox, on a site of its own."""

    def __init__(self, site, users, phones, tls=False, version="14.1"):
        self.site, self.replicas = site, []
        server = site.eas_tls if tls else site.eas
        self.users = [User(site) for _ in range(users)]
        for u in self.users:
            for _ in range(phones):
                r = Replica(Device(server, u.name, u.password, version))
                r.foldersync()
                self.cid = r.folder(2)
                r.sync(self.cid)
                r.device.close()
                r.owner = u
                self.replicas.append(r)
        self.waiting = []

    def park(self):
        self.waiting = [ping(r.device, r.folder(2)) for r in self.replicas]
        return self.waiting

    def close(self):
        for w in self.waiting:
            w.close()


def children(site):
    pid = site.httpd.child.proc.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [int(x) for x in f.read().split()]


def sockets_of(pids):
    n = 0
    for pid in pids:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                n += os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:")
            except OSError:
                pass
    return n


def make_site(servers=1, workers=25, **directives):
    return Site(seed(), config=FEW % (servers, workers),
                directives={"EASRequirePolicy": "off", "EASPollInterval": "1", **directives})


@pytest.fixture(scope="module")
def one_child():
    s = make_site()
    yield s
    log = s.log()
    log.pos = 0
    faults = log.faults()
    assert s.stop() == 0
    assert not faults, faults


def settled(waiting):
    """Until all have been read and none is answered."""
    time.sleep(1)
    assert not [w for w in waiting if w.ready()]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_fm1_more_devices_than_threads(one_child, tls):
    crowd = Crowd(one_child, 5, 7, tls)
    waiting = crowd.park()
    settled(waiting)
    # All threads are free: somebody else is served at once.
    start = time.monotonic()
    assert Device(one_child.eas, crowd.users[0].name, crowd.users[0].password).foldersync().code == "1"
    assert time.monotonic() - start < 3
    sender = crowd.users[0]
    for u in crowd.users:
        u.deliver(mime(sender.address, u.address, "Wach auf"))
    for w in waiting:
        a = w.answer()
        assert a.code == "2" and a.doc.val("Folders/Folder") == crowd.cid, a
    # The connections serve on: the phone fetches what is new, and waits again.
    r, w = crowd.replicas[0], waiting[0]
    r.sync(crowd.cid)
    again = ping(r.device, crowd.cid, conn=w.sock)
    settled([again])
    assert again.sock is w.sock
    crowd.users[0].deliver(mime(sender.address, crowd.users[0].address, "Noch mal"))
    assert again.answer().code == "2"
    crowd.close()


@pytest.mark.parametrize("tls", [True], ids=["tls"])
def test_heartbeat_ends(one_child, tls):
    crowd = Crowd(one_child, 1, 1, tls)
    r = crowd.replicas[0]
    conn = None
    for _ in range(3):
        w = ping(r.device, crowd.cid, "2", conn)
        a = w.answer()
        assert a.code == "1" and 1.5 < time.monotonic() - w.sent < 5, a
        conn = w.sock
    conn.close()


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_hang_up_frees_everything(one_child, tls):
    crowd = Crowd(one_child, 2, 8, tls)
    settled(crowd.park())  # connections to the groupware server are made, and kept
    crowd.close()
    time.sleep(1.5)
    before = sockets_of(children(one_child)) + 6
    settled(crowd.park())
    assert sockets_of(children(one_child)) >= before + 10
    start = time.monotonic()
    crowd.close()
    wait_for("end of sockets", lambda: sockets_of(children(one_child)) <= before, 20)
    assert time.monotonic() - start < 12
    with open(os.path.join(one_child.folder, "access.log"), encoding="utf-8") as f:
        assert sum(" 499 " in line for line in f) >= 16


@pytest.mark.parametrize("sig,tls", [(signal.SIGUSR1, True), (signal.SIGWINCH, False)], ids=["restart", "stop"])
def test_graceful_answers_all(sig, tls):
    site = make_site(2, 50)
    try:
        crowd = Crowd(site, 4, 10, tls)
        old = children(site)
        settled(crowd.park())
        site.httpd.child.proc.send_signal(sig)
        for w in crowd.waiting:
            a = w.answer(10)
            assert a.code == "1" and a.header("Connection") == "close", (a, a.headers)
        wait_for("end of the old children", lambda: not set(old) & set(children(site)) if site.httpd.child.running()
                 else True, 15)
        crowd.close()
        if sig == signal.SIGUSR1:
            settled(crowd.park())
            crowd.users[0].deliver(mime("a@example.org", crowd.users[0].address, "x"))
            assert crowd.waiting[0].answer().code == "2"
            crowd.close()
        else:
            wait_for("end of httpd", lambda: not site.httpd.child.running(), 15)
        assert not site.log().faults()
    finally:
        site.stop()


def test_hard_stop_is_clean():
    site = make_site(2, 50)
    crowd = Crowd(site, 2, 10)
    settled(crowd.park())
    start = time.monotonic()
    assert site.httpd.child.stop(signal.SIGTERM) == 0
    assert time.monotonic() - start < 8
    log = site.log()
    log.pos = 0
    faults = log.faults()
    crowd.close()
    site.stop()
    assert not faults, faults


def test_fm5_newer_request_ends_the_older_in_any_child():
    site = make_site(4, 100)
    try:
        crowd = Crowd(site, 1, 1)
        r = crowd.replicas[0]
        older = ping(r.device, crowd.cid)
        for _ in range(12):
            time.sleep(0.3)
            assert not older.ready()
            newer = ping(r.device, crowd.cid)
            a = older.answer(3)
            assert a.code == "1" and older.took < 1, (a, older.took)
            older.close()
            older = newer
        crowd.users[0].deliver(mime("a@example.org", crowd.users[0].address, "x"))
        assert older.answer().code == "2"
        older.close()
        log = site.log()
        log.pos = 0
        assert not log.faults()
    finally:
        site.stop()


def test_too_many():
    site = make_site(EASMaxParked="6", EASMaxParkedUser="2")
    try:
        crowd = Crowd(site, 4, 3)
        by_user, got = {}, []
        for r in crowd.replicas:
            w = ping(r.device, crowd.cid)
            refused = w.ready(0.8)
            if refused:
                a = w.answer()
                assert a.status == 503 and int(a.header("Retry-After")) > 0, a
            by_user.setdefault(r.owner.name, []).append(refused)
            got.append((w, refused))
        rows = list(by_user.values())
        assert rows[:3] == [[False, False, True]] * 3 and rows[3] == [True] * 3, rows
        # One that goes makes room.
        next(w for w, refused in got if not refused).close()
        time.sleep(1)
        w = ping(crowd.replicas[-1].device, crowd.cid)
        assert not w.ready(1.5)
        w.close()
        for w, _ in got:
            w.close()
    finally:
        site.stop()


def ready_phone(phone, user, site):
    """Up to date, at the location that looks by itself every ten minutes only: what a hint does not do, nobody does."""
    r = phone("14.1", user=user, server=site.eas_quiet)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid


@pytest.mark.parametrize("command", ["Ping", "Sync"])
def test_no_gap_between_looking_and_waiting(phone, user, site, command):
    """A change at any moment of the command, with its hint: between any two calls of the groupware server, and in steps
    of two milliseconds around the moment in which the request leaves its thread."""
    r, cid = ready_phone(phone, user, site)
    r.device.close()
    turns = [("call", n) for n in range(5)] + [("after", n * 0.002) for n in range(15)]
    for kind, n in turns:
        if kind == "call":
            site.ox.control("fault", user=user.name, delay=250, skip=n, count=1)
        w = ping(r.device, cid) if command == "Ping" else sync_wait(r, cid)
        time.sleep(0.12 if kind == "call" else n)
        user.deliver(mime("b@example.org", user.address, f"{kind} {n}"))
        assert tell(site, event(user))[0] == 200
        a = w.answer(10)
        assert a.status == 200 and w.took < 8, (kind, n, w.took, a)
        if command == "Ping":
            assert a.code == "2" and a.doc.val("Folders/Folder") == cid, (kind, n, a)
        else:
            assert f"{kind} {n}" in a.doc.show(), (kind, n, a)
        w.close()
        site.ox.control("fault/clear")
        r.sync(cid)
        r.device.close()
    assert len(r.texts(cid, "Email:Subject")) == len(turns)


def test_sync_waits_as_ping_does(phone, user, site):
    """Sync with HeartbeatInterval: empty at its end, with the items when something comes, on one connection; an empty
    request repeats it."""
    r, cid = ready_phone(phone, user, site)
    w = sync_wait(r, cid, "2")
    a = w.answer()
    assert a.status == 200 and a.body == b"" and 1.5 < time.monotonic() - w.sent < 5, a
    w = Waiting(r.device, "Sync", None, w.sock)
    a = w.answer()
    assert a.body == b"" and 1.5 < time.monotonic() - w.sent < 5, a
    w = sync_wait(r, cid, "60", w.sock)
    assert not w.ready(0.7)
    user.deliver(mime("b@example.org", user.address, "Da"))
    assert tell(site, event(user))[0] == 200
    a = w.answer(8)
    assert "Da" in a.doc.show() and a.doc.val("Collections/Collection/Status") == "1", a
    w.close()
    # Its answer was not taken: the same again.
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["Da"]


def test_ping_and_sync_take_turns(phone, user, site):
    """One device that waits by Ping and by Sync in turn, and gives each up without a word: no change is lost. A Sync
    that was given up is followed by a Sync, as its answer may have been on the way."""
    r, cid = ready_phone(phone, user, site)
    for n in range(9):
        first, second = [(ping, sync_wait), (ping, ping), (sync_wait, sync_wait)][n % 3]
        given_up = first(r, cid) if first is sync_wait else first(r.device, cid)
        time.sleep(0.04 * (n // 3))
        user.deliver(mime("b@example.org", user.address, f"mail {n}"))
        w = second(r, cid) if second is sync_wait else second(r.device, cid)
        given_up.close()
        a = w.answer(8)  # without a hint: it was there before
        if second is ping:
            assert a.code == "2", a
        else:  # 16: both moved the folder at once, the device is to come again
            assert f"mail {n}" in a.doc.show() or a.doc.val("Collections/Collection/Status") == "16", a
        w.close()
        r.sync(cid)
    assert sorted(r.texts(cid, "Email:Subject")) == [f"mail {n}" for n in range(9)]


def test_session_gone_while_waiting(phone, user, site):
    """The groupware server forgets its sessions: without the password there is nothing to log in with again, so the
    device is told that nothing happened, and comes again with it."""
    r, cid = ready_phone(phone, user, site)
    w = ping(r.device, cid)
    assert not w.ready(0.7)
    site.ox.control("expire", user=user.name)
    user.deliver(mime("b@example.org", user.address, "Da"))
    assert tell(site, event(user))[0] == 200
    a = w.answer(8)
    assert a.code == "1", a
    again = ping(r.device, cid, conn=w.sock)
    a = again.answer(8)
    assert a.code == "2" and a.doc.val("Folders/Folder") == cid, a
    again.close()
