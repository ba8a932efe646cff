# SPDX-License-Identifier: Apache-2.0
"""Hints: a Ping whose polling interval is ten minutes is answered at once when somebody tells of the change."""
import base64
import http.client
import json
import threading
import time

import pytest

from easlib.items import contact, mime

SOON = 3  # seconds; a hint takes milliseconds, the machine may be busy


def tell(site, body, login="dovecot:secret", method="PUT", path="/eas-notify", headers=None):
    """One notification, as Dovecot sends it; HTTP status and body."""
    conn = http.client.HTTPConnection("127.0.0.1", site.httpd.plain, timeout=10)
    head = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    if login:
        head["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    conn.request(method, path, data, head)
    r = conn.getresponse()
    text = r.read()
    conn.close()
    return r.status, text, r.headers


def number(user):
    return int(user.name[1:])


def event(user, name="messageNew", folder="INBOX", **more):
    return {"user": f"{number(user)}@1", "event": name, "folder": folder, **more}


class Waiting:
    """A Ping in a thread."""

    def __init__(self, replica, folders, seconds=60):
        self.answer, self.at = None, None

        def run():
            self.answer = replica.device.ping(folders, str(seconds), timeout=seconds + 10)
            self.at = time.monotonic()
        self.thread = threading.Thread(target=run)
        self.thread.start()
        time.sleep(0.7)  # it waits by now, and has looked

    def wait(self, seconds=70):
        self.thread.join(seconds)
        assert not self.thread.is_alive()
        return self.answer


@pytest.fixture
def quiet(phone, user, site):
    """A phone that is up to date, at the location that polls every ten minutes."""
    r = phone("14.1", user=user, server=site.eas_quiet)
    r.sync(r.folder(2))
    return r


@pytest.mark.parametrize("who", ["number", "login"])
def test_dovecot_wakes(quiet, user, site, who):
    cid = quiet.folder(2)
    w = Waiting(quiet, [(cid, "Email")])
    user.deliver(mime("b@example.org", user.address, "Da"))
    start = time.monotonic()
    body = event(user, **{"imap-uidvalidity": 1, "imap-uid": 7, "from": "b@example.org", "subject": "Da", "snippet": "x",
                          "unseen": 1})
    if who == "login":
        body["user"] = user.name.upper()
    status, text, _ = tell(site, body)
    assert (status, json.loads(text)) == (200, {"success": True})
    a = w.wait()
    assert a.code == "2" and [f.text for f in a.doc.all("Folders/Folder")] == [cid], a
    assert w.at - start < SOON
    quiet.sync(cid)
    assert quiet.texts(cid, "Email:Subject") == ["Da"]


@pytest.mark.parametrize("name", ["messageAppend", "messageExpunge", "flagsSet", "flagsClear", "messageRead"])
def test_events_of_the_script(quiet, user, site, name):
    cid = quiet.folder(2)
    for subject in ("Eins", "Zwei"):
        user.deliver(mime("b@example.org", user.address, subject))
    one = user.mail_named("Eins")[0]["id"]
    if name == "flagsClear":
        user.flag(one, set_flags=8)
    quiet.sync(cid)
    w = Waiting(quiet, [(cid, "Email")])
    if name == "messageAppend":
        user.deliver(mime("b@example.org", user.address, "Drei"))
    elif name == "messageExpunge":
        user.delete_mail(one)
    elif name == "messageRead":
        user.flag(one, set_flags=32)
    elif name == "flagsSet":
        user.flag(one, set_flags=8)
    else:
        user.flag(one, clear_flags=8)
    start = time.monotonic()
    assert tell(site, [event(user, name)])[0] == 200
    a = w.wait()
    assert a.code == "2", a
    assert w.at - start < SOON
    before = dict(quiet.collections[cid].items)
    quiet.sync(cid)
    assert quiet.collections[cid].items != before


def test_new_mailbox(quiet, user, site):
    w = Waiting(quiet, [(quiet.folder(2), "Email")])
    user.new_folder("Neu", module="mail", parent="default0/INBOX")
    start = time.monotonic()
    assert tell(site, event(user, "mailboxCreate", "INBOX/Neu"))[0] == 200
    assert w.wait().code == "7"
    assert w.at - start < SOON


def test_own_other_device(phone, quiet, user, site):
    """What one phone changes the other one learns at once, though nobody else tells."""
    cid = quiet.folder(9)
    quiet.sync(cid)
    other = phone("14.1", user=user, server=site.eas_quiet)
    other.sync(other.folder(9))
    w = Waiting(quiet, [(cid, "Contacts")])
    start = time.monotonic()
    other.add(other.folder(9), contact("14.1", "Hilde", "Hint"))
    a = w.wait()
    assert a.code == "2", a
    assert w.at - start < SOON


BAD = [
    (b"", 400), (b"{", 400), (b"7", 400), (b"null", 400), (b"[7]", 400), (b"{}", 400), (b'{"user":"1@1"}', 400),
    (b'{"event":"messageNew"}', 400), (b'{"user":7,"event":"messageNew"}', 400), (b'{"user":"","event":"x"}', 400),
    (b'{"user":"1@1","event":"messageNew","folder":7}', 400), (b'{"user":"1@1","event":"' + b"x" * 600 + b'"}', 400),
    (b"[" + b",".join([b'{"user":"1@1","event":"messageNew"}'] * 1001) + b"]", 413),
    (b'{"user":"1@1","event":"messageNew","subject":"' + b"x" * 600000 + b'"}', 413),
    (b"[" * 5000, 400),
]


@pytest.mark.parametrize("body,status", BAD, ids=range(len(BAD)))
def test_bad_bodies(site, user, log, body, status):
    log.allow_limits()
    assert tell(site, body)[0] == status


GOOD = [
    {"user": "999999@77", "event": "messageNew", "folder": "INBOX"}, {"user": "nobody", "event": "MessageNew"},
    {"user": "1@1", "event": "somethingElse", "folder": "INBOX"}, {"user": "1@1@1", "event": "messageNew"},
    {"user": "99999999999999999999@1", "event": "messageNew"}, [], [{"user": "x\u0000y", "event": "messageNew"}],
    {"user": "1@1", "event": "messageNew", "folder": None},
]


@pytest.mark.parametrize("body", GOOD, ids=range(len(GOOD)))
def test_nobody_is_meant(site, user, body):
    """A mail server tells of users who have no phone, and of events that are none of ours."""
    assert tell(site, body)[0] == 200


def test_who_may_tell(quiet, user, site, log):
    """Without credentials, with wrong ones, and as somebody else: refused, and nobody wakes."""
    log.allow_auth_failures()
    log.allow_refusals()
    w = Waiting(quiet, [(quiet.folder(2), "Email")], 4)
    user.deliver(mime("b@example.org", user.address, "Unbemerkt"))
    for login in (None, "dovecot:wrong", "other:secret", f"{user.name}:{user.password}"):
        assert tell(site, event(user), login)[0] == 401
    assert w.wait().code == "1"


def test_methods(site, user):
    for method in ("GET", "DELETE", "OPTIONS", "PATCH"):
        status, _, headers = tell(site, event(user), method=method)
        assert status == 405 and headers["Allow"] == "PUT, POST", method
    assert tell(site, event(user), method="POST")[0] == 200


def test_flood(site, user):
    """Too many are refused with the time to come again; then they pass."""
    got = [tell(site, [event(user)] * 3, path="/slow/eas-notify") for _ in range(12)]
    assert 200 in [g[0] for g in got] and 429 in [g[0] for g in got]
    assert all(int(g[2]["Retry-After"]) >= 1 for g in got if g[0] == 429)
    time.sleep(4)
    assert tell(site, event(user), path="/slow/eas-notify")[0] == 200


def test_flood_leaves_others_alone(quiet, user, other_user, site):
    """Hints about somebody else, as fast as they go: no call of OX for this user, and his own hint is still quick."""
    cid = quiet.folder(2)
    w = Waiting(quiet, [(cid, "Email")])
    calls = site.ox.count("mail")
    for _ in range(20):
        assert tell(site, [event(other_user)] * 100)[0] == 200
    assert site.ox.count("mail") == calls
    user.deliver(mime("b@example.org", user.address, "Da"))
    start = time.monotonic()
    assert tell(site, event(user))[0] == 200
    assert w.wait().code == "2" and w.at - start < SOON


def test_forged_hints_cost_little(quiet, user, site):
    """A flood about this user with nothing behind it: a look a second at most, and no answer to the phone."""
    w = Waiting(quiet, [(quiet.folder(2), "Email")], 5)
    calls, start = site.ox.count("mail"), time.monotonic()
    while time.monotonic() < start + 3:
        assert tell(site, [event(user)] * 50)[0] in (200, 429)
    looks = site.ox.count("mail") - calls
    assert w.wait().code == "1"
    assert 1 <= looks <= 12, looks
