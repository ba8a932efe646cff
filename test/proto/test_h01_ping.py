# SPDX-License-Identifier: Apache-2.0
"""Ping (MS-ASCMD 2.2.1.13). The test server lets intervals start at 1 s."""
import threading
import time

import pytest

from easlib.items import mime
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import Email, Ping as P


def watching(phone, user, version, **kw):
    """A phone that is up to date, and the folder list of its Ping."""
    r = phone(version, user=user, **kw)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid, [(cid, "Email")]


def later(seconds, do):
    """Runs do() after a while; the test joins it."""
    t = threading.Timer(seconds, do)
    t.start()
    return t


@every()
def test_interval_passed(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    start = time.monotonic()
    a = r.device.ping(folders, "2")
    assert a.status == 200 and a.code == "1" and "Folders" not in a.doc, a
    assert 1.5 < time.monotonic() - start < 6


@every()
def test_fm7_mail_wakes(phone, user, other_user, version):
    """Delivery through OX, hint as OX gives it: well before the interval ends."""
    r, cid, folders = watching(phone, user, version)
    t = later(0.7, lambda: other_user.send(mime(other_user.address, user.address, "Wach auf").decode()))
    start = time.monotonic()
    a = r.device.ping(folders, "60", timeout=70)
    took = time.monotonic() - start
    t.join()
    assert a.code == "2" and [f.text for f in a.doc.all("Folders/Folder")] == [cid], a
    assert took < 30, took
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["Wach auf"]
    assert r.device.ping(None, "1").code == "1", "the change was fetched, nothing is left to report"


@every()
def test_change_pending_answers_at_once(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    user.deliver(mime("b@example.org", user.address, "vorher"))
    start = time.monotonic()
    a = r.device.ping(folders, "60", timeout=70)
    assert a.code == "2" and [f.text for f in a.doc.all("Folders/Folder")] == [cid], a
    assert time.monotonic() - start < 10


@every()
@pytest.mark.parametrize("module,kind,cls", [("contacts", 9, "Contacts"), ("calendar", 8, "Calendar"),
                                             ("tasks", 7, "Tasks")])
def test_other_classes_wake(phone, user, version, module, kind, cls):
    r = phone(version, user=user)
    cid = r.folder(kind)
    r.sync(cid)
    fields = {"contacts": {"last_name": "P", "display_name": "P"}, "tasks": {"title": "P"},
              "calendar": {"title": "P", "start_date": 1900000000000, "end_date": 1900003600000}}[module]
    user.new(module, **fields)
    a = r.device.ping([(cid, cls)], "30", timeout=40)
    assert a.code == "2" and [f.text for f in a.doc.all("Folders/Folder")] == [cid], a


@every()
def test_own_changes_do_not_wake(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "Own"))
    r, cid, folders = watching(phone, user, version)
    (sid,) = r.collections[cid].items
    r.change(cid, sid, [Email.Read("1")])
    assert r.device.ping(folders, "2").code == "1"


@every()
def test_nothing_cached(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    d = r.device
    assert d.ping().code == "3"
    assert d.ping(None, "2").code == "3"
    assert d.ping(folders).code == "3"


@every()
def test_parameters_are_cached(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    d = r.device
    assert d.ping(folders, "1").code == "1"
    for a in (d.ping(), d.ping(folders), d.ping(None, "1"), d.ping()):
        assert a.code == "1", a
    user.deliver(mime("b@example.org", user.address, "x"))
    a = d.ping()
    assert a.code == "2" and a.doc.val("Folders/Folder") == cid


@every()
def test_cache_is_of_the_device(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    r.device.ping(folders, "1")
    assert phone(version, user=user).device.ping().code == "3"


@every()
@pytest.mark.parametrize("doc", [
    P.Ping(P.HeartbeatInterval("soon"), P.Folders(P.Folder(P.Id("1"), P.Class("Email")))),
    P.Ping(P.HeartbeatInterval("60"), P.Folders(P.Folder(P.Class("Email")))),
    P.Ping(P.HeartbeatInterval("60"), P.Folders([P.Folder(P.Id("1"), P.Class("Email")) for _ in range(2)])),
], ids=["interval is text", "no Id", "twice the same"])
def test_syntax(phone, version, doc):
    a = phone(version).device.cmd("Ping", doc)
    assert a.status == 200 and a.code == "4", a


@every()
@pytest.mark.parametrize("interval", ["0", "3541", "99999", "2147483647"])
def test_interval_out_of_range(phone, user, version, interval):
    r, cid, folders = watching(phone, user, version)
    a = r.device.ping(folders, interval)
    bound = int(a.doc.val("HeartbeatInterval"))
    assert a.code == "5" and (bound <= 60 if interval == "0" else 480 <= bound <= 3540), a


@every()
def test_too_many_folders(phone, version):
    a = phone(version).device.ping([(str(i), "Email") for i in range(3000)], "60")
    assert a.status == 200 and a.code == "6" and 0 < int(a.doc.val("MaxFolders")) < 3000, a


@every()
def test_fm6_unknown_folder_makes_no_storm(phone, user, version):
    """Passed over, or a case for FolderSync; never an instant "changed", and the known ones are still watched."""
    r, cid, folders = watching(phone, user, version)
    both = folders + [("no-such-folder", "Email")]
    start = time.monotonic()
    a = r.device.ping(both, "2")
    assert a.code == "7" or a.code == "1" and time.monotonic() - start > 1.5, a
    user.deliver(mime("b@example.org", user.address, "x"))
    a = r.device.ping(both, "20", timeout=30)
    assert a.code == "7" or a.code == "2" and [f.text for f in a.doc.all("Folders/Folder")] == [cid], a


@every()
def test_hierarchy_changed(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    fid = user.new_folder("Weg damit", "contacts")
    r.foldersync()
    gone = r.folder_named("Weg damit")
    r.sync(gone)
    user.delete_folder(fid)
    a = r.device.ping(folders + [(gone, "Contacts")], "30", timeout=40)
    assert a.code == "7", a


@every("14.0")
def test_fm5_newer_ping_ends_the_older(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    other = phone(version, user=user, ready=False, device_id=r.device.device_id).device
    other.policy_key = r.device.policy_key
    got = {}
    t = threading.Thread(target=lambda: got.update(a=r.device.ping(folders, "50", timeout=60)))
    t.start()
    time.sleep(1)
    start = time.monotonic()
    assert other.ping(folders, "2").code == "1"
    t.join(20)
    assert not t.is_alive() and time.monotonic() - start < 10
    assert got["a"].status == 200 and got["a"].code in ("1", "2", "8"), got


@every("12.1")
def test_wait_in_sync(phone, user, version):
    """Sync with Wait parks the same way, and an empty answer ends it."""
    r, cid, folders = watching(phone, user, version)
    c = r.collections[cid]
    t = later(0.7, lambda: user.deliver(mime("b@example.org", user.address, "Wait")))
    a = r.device.sync(r.request(c), wait="1", timeout=75)
    t.join()
    turn = Turn(a, cid)
    r.apply(c, turn)
    assert len(turn.of("Add")) == 1, turn


@every("14.0")
def test_heartbeat_in_sync_ends_empty(phone, user, version):
    r, cid, folders = watching(phone, user, version)
    start = time.monotonic()
    a = r.device.sync(r.request(r.collections[cid]), heartbeat="2", timeout=30)
    if a.body:
        assert a.code == "14" and int(a.doc.val("Limit")) >= 2, a
    else:
        assert time.monotonic() - start > 1.5


def test_fm4_client_hangs_up(phone, user, site):
    """The phone goes away; nothing is left behind, and the next Ping works."""
    r, cid, folders = watching(phone, user, "14.1")
    with pytest.raises(TimeoutError):
        r.device.ping(folders, "55", timeout=1)
    a = r.device.ping(folders, "1")
    assert a.code == "1"
