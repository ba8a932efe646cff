# SPDX-License-Identifier: Apache-2.0
"""Requests at the same time, devices that change their version, large folders, refusals."""
import threading

import pytest

from easlib.client import Device, versions
from easlib.items import contact, mime
from easlib.mark import every
from easlib.replica import Replica, Turn
from easlib.wbxml import AirSync as A, Contacts as C, Email


def twin(r):
    """The same device on a connection of its own."""
    d = r.device
    t = Device(d.server, d.user, d.password, d.version, d.device_id, d.device_type, d.agent)
    t.policy_key = d.policy_key
    return t


def at_once(calls):
    """Runs all calls at the same moment; returns what they gave."""
    out, gate = [None] * len(calls), threading.Barrier(len(calls))

    def run(i):
        gate.wait()
        out[i] = calls[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    return out


def survivable(a, cid=None):
    """Answered, or asked to come again."""
    if a.status == 503:
        return True
    return a.status == 200 and (not a.body or (Turn(a, cid).status if cid else a.code) in ("1", "16", "5", "111", "133"))


@every()
def test_one_add_many_times_at_once(phone, user, version, log):
    log.allow("lock|busy|retry|again")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    request = r.request(r.collections[cid], [A.Add(A.ClientId("x"), A.ApplicationData(*contact(version, "A", "B")))])
    answers = at_once([lambda d=twin(r): d.sync(request) for _ in range(6)])
    assert all(survivable(a, cid) for a in answers), answers
    t = Turn(r.device.sync(request), cid)
    assert t.response("Add", ClientId="x").val("Status") == "1" and len(user.objects("contacts")) == 1, t
    r.apply(r.collections[cid], t)
    assert not r.turn(cid).of("Add")


@every("12.1", "14.1")
def test_fm25_collections_of_one_device_at_once(phone, user, version, log):
    """Samsung opens all folders in parallel; none resets another."""
    log.allow("lock|busy|retry|again")
    r = phone(version, user=user)
    for i in range(5):
        user.new("contacts", last_name=f"c{i}", display_name=f"c{i}")
        user.new("tasks", title=f"t{i}")
        user.deliver(mime("b@example.org", user.address, f"m{i}"))
        user.new("calendar", title=f"e{i}", start_date=1900000000000 + i, end_date=1900003600000 + i)
    reps = []
    for kind in (9, 7, 2, 8):
        twin_r = Replica(twin(r))
        twin_r.folders = r.folders
        reps.append((twin_r, r.folder(kind)))
    at_once([lambda x=x, cid=cid: x.sync(cid) for x, cid in reps])
    for x, cid in reps:
        assert len(x.collections[cid].items) == 5 and not x.faults


def test_ten_devices_of_one_user_at_once(phone, user, log):
    log.allow("lock|busy|retry|again")
    for i in range(20):
        user.new("contacts", last_name=f"c{i}", display_name=f"c{i}")
    reps = [phone(v, user=user) for v in versions() + ["14.1"] * 3]
    at_once([lambda r=r: r.sync(r.folder(9)) for r in reps])
    assert [len(r.collections[r.folder(9)].items) for r in reps] == [20] * 10


@pytest.mark.parametrize("old,new", [("2.5", "12.1"), ("12.0", "16.1"), ("12.1", "14.1"), ("14.1", "16.1"), ("16.1", "14.0")])
def test_device_changes_its_version(phone, user, old, new):
    """State goes on, or the key is refused and the phone starts over; nothing is doubled or lost."""
    user.new("contacts", last_name="A", display_name="A")
    r = phone(old, user=user)
    cid = r.folder(9)
    r.sync(cid)
    r.device.version = new
    if r.device.foldersync(r.folder_key).code != "1":
        r.device.provision()
        r.folder_key = "0"
    r.foldersync()
    user.new("contacts", last_name="B", display_name="B")
    if r.turn(cid).status == "3":
        r.sync(cid)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A", "B"]
    r.add(cid, contact(new, "x", "C"))
    assert len(user.objects("contacts")) == 3


def test_fm11_more_than_512(phone, user):
    for i in range(1100):
        user.new("contacts", last_name=f"n{i:04d}", display_name="x")
    r = phone("14.1", user=user)
    cid = r.folder(9)
    r.open(cid).window = "512"
    turns = r.sync(cid, lose=1)
    assert [len(t.of("Add")) for t in turns[1:]] == [512, 512, 76]
    assert r.texts(cid, "Contacts:LastName") == [f"n{i:04d}" for i in range(1100)]


@pytest.mark.parametrize("category", ["PERMISSION_DENIED", "USER_INPUT", "CAPACITY"])
@every()
def test_refused_by_ox(phone, user, site, version, category):
    """Whatever the phone tries is refused, OX stays as it was, and the phone ends equal to it."""
    user.new("contacts", last_name="Fest", display_name="Fest")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    for action in ("new", "update", "delete"):
        site.ox.control("fault", user=user.name, module="contacts", action=action, kind="error", category=category,
                        code="CON-0104", count=-1)
    try:
        t = r.turn(cid, [A.Add(A.ClientId("n"), A.ApplicationData(*contact(version, "N", "Neu")))])
        assert t.status == "1" and t.response("Add", ClientId="n").val("Status") in ("5", "6", "9"), t
        t = r.change(cid, sid, contact(version, "G", "Neu"))
        assert t.status == "1" and t.response("Change", ServerId=sid) is not None or sid in t.of("Change"), t
        r.sync(cid)
        r.delete(cid, sid)
        r.sync(cid)
    finally:
        site.ox.control("fault/clear")
    r.sync(cid)
    assert [o["last_name"] for o in user.objects("contacts")] == ["Fest"]
    assert r.texts(cid, "Contacts:LastName") == ["Fest"]


def test_read_mail_by_two_devices(phone, user):
    """What one phone reads, the other sees as read, and only that."""
    user.deliver(mime("b@example.org", user.address, "R"))
    one, two = phone("14.1", user=user), phone("12.1", user=user)
    cid = one.folder(2)
    for r in (one, two):
        r.sync(cid)
    (sid,) = one.collections[cid].items
    one.change(cid, sid, [Email.Read("1")])
    (t,) = two.sync(cid)
    (data,) = t.of("Change").values()
    assert [e.name for e in data] == ["Email:Read"]
    assert not one.sync(cid)[-1].commands


@every()
def test_contact_moved_to_another_folder_in_ox(phone, user, version):
    fid = user.new_folder("Ziel", "contacts")
    oid = user.new("contacts", last_name="Wandert", display_name="W")
    r = phone(version, user=user)
    here, there = r.folder(9), r.folder_named("Ziel")
    for cid in (here, there):
        r.sync(cid)
    user.update("contacts", oid, folder_id=fid)
    for cid in (here, there):
        r.sync(cid)
    assert not r.collections[here].items and r.texts(there, "Contacts:LastName") == ["Wandert"]


@every()
def test_uidvalidity_changes(phone, user, site, version):
    """The mail server forgot its ids: the phone ends with each mail once."""
    for i in range(3):
        user.deliver(mime("b@example.org", user.address, f"m{i}"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    site.ox.control("module/mail", op="validity", user=user.name, folder="default0/INBOX")
    if r.turn(cid).status == "3":
        r.sync(cid)
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["m0", "m1", "m2"] and len(user.mails()) == 3


@every()
def test_ghosting_is_kept_over_a_new_provision(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(9)
    r.open(cid).supported = []
    r.sync(cid)
    oid = user.new("contacts", last_name="L", company="bleibt", display_name="L")
    r.sync(cid)
    r.device.provision()
    (sid,) = r.collections[cid].items
    r.change(cid, sid, [C.LastName("M")])
    o = user.get("contacts", oid)
    assert (o["last_name"], o["company"]) == ("M", "bleibt")
