# SPDX-License-Identifier: Apache-2.0
"""OX fails in the middle of it: the phone is told to come again, and neither side loses or doubles anything."""
import time

import pytest

from easlib.items import contact, mime
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A

FAULTS = {
    "503": {"kind": "status", "status": 503}, "500": {"kind": "status", "status": 500},
    "429": {"kind": "status", "status": 429, "retryAfter": 5}, "garbage": {"kind": "garbage"}, "proxy page": {"kind": "html"},
    "half an answer": {"kind": "truncate"}, "empty answer": {"kind": "body", "body": ""}, "null": {"kind": "body", "body": "null"},
    "no data": {"kind": "body", "body": "{}"}, "try again": {"kind": "error", "category": "TRY_AGAIN"},
    "service down": {"kind": "error", "category": "SERVICE_DOWN"}, "cut": {"kind": "cut"},
}
MODULES = {"folders": 2, "mail": 2, "contacts": 9, "calendar": 8, "tasks": 7}
RETRY = {"5", "6", "16", "110", "111"}


@pytest.fixture
def fault(site, user, log):
    """fault(name, **filter): OX answers this user that way until fault.clear()."""
    log.allow("")

    class Faults:
        def __call__(self, name, **which):
            site.ox.control("fault", **{"user": user.name, "count": -1, **FAULTS[name], **which})

        def clear(self):
            site.ox.control("fault/clear")
    f = Faults()
    yield f
    f.clear()


def hold(answer):
    """A failure a phone survives: HTTP 503, or a status to try again. Never 401, and no change of anything."""
    if answer.status == 200:
        assert answer.body, "an outage looks like “nothing new”"
        found = [e.text for e in answer.doc.walk() if e.tag == "Status"]
        assert RETRY & set(found), answer
        assert not [e for e in answer.doc.walk() if e.tag in ("Delete", "SoftDelete", "Add", "Change")], answer
    else:
        assert answer.status == 503 and int(answer.header("Retry-After")) > 0, answer


def recovered(call, seconds=15):
    """Repeats until the server speaks to OX again."""
    end = time.monotonic() + seconds
    while True:
        a = call()
        if a.status != 503 or time.monotonic() > end:
            return a
        time.sleep(0.3)


@pytest.mark.parametrize("name", sorted(FAULTS))
@every()
def test_foldersync(phone, user, fault, version, name):
    """An empty listing would wipe the phone."""
    r = phone(version, user=user)
    before = dict(r.folders)
    fault(name)
    hold(r.device.foldersync(r.folder_key))
    fault.clear()
    assert recovered(lambda: r.device.foldersync(r.folder_key)).doc.val("Changes/Count") == "0"
    fault(name)
    hold(r.device.foldersync("0"))
    fault.clear()
    r.folder_key = "0"
    recovered(lambda: r.device.options())
    r.foldersync()
    assert r.folders == before


@pytest.mark.parametrize("module", ["mail", "contacts", "calendar", "tasks"])
@pytest.mark.parametrize("name", sorted(FAULTS))
@every("12.1", "14.1")
def test_sync(phone, user, fault, version, module, name):
    """Something new waits in OX while it fails; afterwards the phone has the old and the new, once."""
    make = {"mail": lambda n: user.deliver(mime("b@example.org", user.address, n)),
            "contacts": lambda n: user.new("contacts", last_name=n, display_name=n),
            "calendar": lambda n: user.new("calendar", title=n, start_date=1900000000000, end_date=1900003600000),
            "tasks": lambda n: user.new("tasks", title=n)}[module]
    path = {"mail": "Email:Subject", "contacts": "Contacts:LastName", "calendar": "Calendar:Subject",
            "tasks": "Tasks:Subject"}[module]
    make("old")
    r = phone(version, user=user)
    cid = r.folder(MODULES[module])
    r.sync(cid)
    make("new")
    fault(name, module=module)
    request = r.request(r.collections[cid])
    for _ in range(2):
        hold(r.device.sync(request))
    fault.clear()
    t = Turn(recovered(lambda: r.device.sync(request)), cid)
    r.apply(r.collections[cid], t)
    r.sync(cid)
    assert r.texts(cid, path) == ["new", "old"]


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_first_sync(phone, user, fault, name):
    user.new("contacts", last_name="A", display_name="A")
    r = phone("14.1", user=user)
    cid = r.folder(9)
    r.turn(cid)
    fault(name, module="contacts")
    hold(r.device.sync(r.request(r.collections[cid])))
    fault.clear()
    recovered(lambda: r.device.foldersync(r.folder_key))
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A"]


@pytest.mark.parametrize("after", [False, True], ids=["call lost", "answer lost"])
@pytest.mark.parametrize("name", ["503", "cut", "garbage", "half an answer", "try again"])
@every("12.1", "14.1")
def test_add_while_ox_fails(phone, user, fault, version, name, after):
    """Done in OX or not: the phone repeats, and in the end there is one."""
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    fault(name, module="contacts", action="new", after=after, count=1)
    request = r.request(r.collections[cid], [A.Add(A.ClientId("x"), A.ApplicationData(*contact(version, "A", "B")))])
    a = r.device.sync(request)
    fault.clear()
    if a.status != 200 or Turn(a, cid).status != "1":
        hold(a)
        a = recovered(lambda: r.device.sync(request))
    t = Turn(a, cid)
    entry = t.response("Add", ClientId="x")
    assert t.status == "1" and entry is not None, t
    r.apply(r.collections[cid], t)
    if entry.val("Status") == "1":
        r.collections[cid].items[entry.val("ServerId")] = A.ApplicationData(*contact(version, "A", "B"))
        r.sync(cid)
        assert r.texts(cid, "Contacts:LastName") == [o["last_name"] for o in user.objects("contacts")] == ["B"]
    else:
        assert entry.val("Status") in RETRY, t
        r.sync(cid)
        assert r.texts(cid, "Contacts:LastName") == [o["last_name"] for o in user.objects("contacts")]


@pytest.mark.parametrize("verb", ["change", "delete"])
@pytest.mark.parametrize("after", [False, True], ids=["call lost", "answer lost"])
@pytest.mark.parametrize("name", ["503", "cut", "garbage"])
def test_change_and_delete_while_ox_fails(phone, user, fault, name, after, verb):
    r = phone("14.1", user=user)
    cid = r.folder(9)
    r.sync(cid)
    sid = r.add(cid, contact("14.1", "A", "B"))
    fault(name, module="contacts", action="update" if verb == "change" else "delete", after=after, count=1)
    cmd = (A.Change(A.ServerId(sid), A.ApplicationData(*contact("14.1", "A", "C"))) if verb == "change"
           else A.Delete(A.ServerId(sid)))
    request = r.request(r.collections[cid], [cmd])
    a = r.device.sync(request)
    fault.clear()
    if a.status != 200 or Turn(a, cid).status != "1":
        hold(a)
        a = recovered(lambda: r.device.sync(request))
    if verb == "delete":  # phones do not wait for the answer
        r.collections[cid].items.pop(sid)
    t = Turn(a, cid)
    assert t.status == "1" and all(x.val("Status") in RETRY for x in t.responses), t
    r.apply(r.collections[cid], t)
    if verb == "change" and not t.responses and sid not in t.of("Change"):
        r.collections[cid].items[sid] = A.ApplicationData(*contact("14.1", "A", "C"))
    r.sync(cid)
    there = sorted(o["last_name"] for o in user.objects("contacts"))
    assert r.texts(cid, "Contacts:LastName") == there and there in ([["C"], ["B"]] if verb == "change" else [[], ["B"]])
    if not t.responses:
        assert there == (["C"] if verb == "change" else []), "silence means success"


@pytest.mark.parametrize("secret", [False, True], ids=["expired", "secret spoilt"])
@every()
def test_ox_session_lost(phone, user, site, version, secret, log):
    """One silent new login; the phone notices nothing."""
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    user.new("contacts", last_name="A", display_name="A")
    site.ox.control("expire", user=user.name, secret=secret)
    user.session = None
    r.foldersync()
    site.ox.control("expire", user=user.name, secret=secret)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A"]


@every()
def test_sendmail_while_ox_fails(phone, user, other_user, fault, version):
    """Not sent: an error the phone may retry; the retry goes out once."""
    d = phone(version, user=user).device
    fault("503", module="mail", action="new")
    m = mime(user.address, other_user.address, "Wieder")
    a = d.sendmail(m, client_id="retry")
    assert a.status in (500, 503) if d.v < 14 else a.status == 503 or a.code in ("110", "111", "120"), a
    fault.clear()
    a = recovered(lambda: d.sendmail(m, client_id="retry"))
    assert a.status == 200 and a.body == b"", a
    assert len(other_user.mail_named("Wieder")) == 1


def test_password_changed_in_ox(phone, user, site, log):
    """Now it is a 401, and with the new password the phone goes on where it was."""
    log.allow_auth_failures()
    r = phone("14.1", user=user)
    cid = r.folder(9)
    r.sync(cid)
    site.ox.control("user", user=user.name, password="new password")
    site.ox.control("expire", user=user.name)
    user.session, user.password = None, "new password"
    assert r.device.foldersync(r.folder_key).status == 401
    r.device.password = "new password"
    user.new("contacts", last_name="A", display_name="A")
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A"]
