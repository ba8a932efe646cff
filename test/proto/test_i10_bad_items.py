# SPDX-License-Identifier: Apache-2.0
"""Items that Open-Xchange cannot hand out, that no device could be told of, and commands that are refused for good."""
import json
import os
import subprocess

import pytest

from easlib.items import contact, mime
from easlib.site import BUILD
from easlib.wbxml import AirSync as A

VERSIONS = ("2.5", "12.1", "14.1", "16.1")
versions = pytest.mark.parametrize("version", VERSIONS)
FAR = 569000000000000  # a day in the year 20000


@pytest.fixture
def faults(site):
    yield lambda **fault: site.ox.control("fault", **{"count": -1, **fault})
    site.ox.control("fault/clear")


def bad(site, user):
    out = subprocess.run([os.path.join(BUILD, "libusm", "tools", "usmctl"), "--store", site.store_url, "bad", "--user",
                          f"1/{user.user_id}", "--json"], stdout=subprocess.PIPE, timeout=30, check=False,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert out.returncode == 0, out
    return json.loads(out.stdout)


@versions
def test_fm15_time_without_text(site, phone, user, log, version):
    """A birthday that no ActiveSync date can say: it alone is held back, once, and comes when it is mended."""
    ids = [user.new("contacts", last_name=f"L{i}", display_name=f"L{i}") for i in range(5)]
    user.update("contacts", ids[2], birthday=FAR)
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["L0", "L1", "L3", "L4"]
    log.expect_lognos("USM00101")
    (row,) = bad(site, user)
    assert row["item"] == ids[2] and "BIRTHDAY" in row["reason"] and row["what"] == "held back"
    before = site.ox.count("contacts")
    assert not r.sync(cid)[-1].commands
    assert site.ox.count("contacts") <= before + 1  # only the question for changes
    user.update("contacts", ids[2], birthday=0)
    r.sync(cid)
    assert len(r.texts(cid, "Contacts:LastName")) == 5
    assert bad(site, user) == []


@versions
def test_fm15_known_item_turns_bad(site, phone, user, log, version):
    """The phone keeps what it has, and later gets the next good version as a change."""
    oid = user.new("contacts", last_name="Gut", display_name="Gut")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    user.update("contacts", oid, last_name="Kaputt", birthday=FAR)
    r.sync(cid, lose=1)
    log.expect_lognos("USM00101")
    assert r.texts(cid, "Contacts:LastName") == ["Gut"]
    (sid,) = r.collections[cid].items
    t = r.turn(cid, [A.Fetch(A.ServerId(sid))])
    assert t.status == "1" and t.response("Fetch", ServerId=sid).val("Status") == "6", t
    user.update("contacts", oid, last_name="Heil", birthday=0)
    t = r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["Heil"] and not t[-1].of("Add")


@versions
@pytest.mark.parametrize("category", ["ERROR", "USER_INPUT"])
def test_fm15_one_item_fails_the_call(site, phone, user, log, faults, version, category):
    """Open-Xchange fails every list that this one is in."""
    ids = [user.new("contacts", last_name=f"L{i}", display_name=f"L{i}") for i in range(8)]
    faults(module="contacts", action="list", mentions=f'"id":"{ids[5]}"', kind="error", category=category)
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    assert len(r.collections[cid].items) == 7
    log.expect_lognos("USM00101")
    (row,) = bad(site, user)
    assert row["item"] == ids[5]
    before = site.ox.count("contacts")
    r.sync(cid)
    assert site.ox.count("contacts") <= before + 1
    site.ox.control("fault/clear")
    user.update("contacts", ids[5], last_name="Heil")
    r.sync(cid)
    assert len(r.collections[cid].items) == 8 and bad(site, user) == []


@versions
def test_refused_add_is_not_asked_for_again(site, phone, user, faults, version):
    """The phone sends it again and again under new ids and keys."""
    user.login()
    faults(module="contacts", action="new", kind="error", category="USER_INPUT", count=1)  # a second try would succeed
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    for i in range(4):
        t = r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*contact(version, "A", "B")))], lose=i % 2)
        assert t.response("Add", ClientId=f"c{i}").val("Status") == "6", t
    assert user.objects("contacts") == []
    (row,) = bad(site, user)
    assert row["what"] == "add refused" and row["item"] == "c0"


@versions
def test_refused_delete_is_not_asked_for_again(site, phone, user, faults, version):
    """The item comes back each time; the server is asked once."""
    user.new("contacts", first_name="A", last_name="B", display_name="B")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    faults(module="contacts", action="delete", kind="error", category="PERMISSION_DENIED", count=1)  # a second would do
    for i in range(3):
        (sid,) = r.collections[cid].items
        t = r.delete(cid, sid, lose=i % 2)
        assert t.response("Delete", ServerId=sid).val("Status") == "6", t
        r.sync(cid)
        assert list(r.collections[cid].items) == [sid]
    assert len(user.objects("contacts")) == 1
    (row,) = bad(site, user)
    assert row["what"] == "delete refused"


def test_fm15_bad_mail_holds_up_no_other(site, phone, user, log, faults):
    for i in range(4):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    broken = user.mail_named("M1")[0]["id"]
    faults(module="mail", action="list", mentions=f'"id":"{broken}"', kind="error", category="ERROR")
    faults(module="mail", action="get", params={"id": broken}, kind="error", category="ERROR")
    r = phone("14.1", user=user)
    cid = r.folder(2)
    r.sync(cid)
    log.allow("USM00101")
    assert r.texts(cid, "Email:Subject") == ["M0", "M2", "M3"]
    assert not r.sync(cid)[-1].commands
