# SPDX-License-Identifier: Apache-2.0
"""Adds whose end nobody knows: OX did it and its answer was lost, or the phone edited on. Found by test/chaos."""
import pytest

from easlib.items import contact, event, task, when
from easlib.replica import Turn
from easlib.wbxml import AirSync as A

START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")
MAKE = {"contacts": (9, lambda v, n: contact(v, "F", n)), "tasks": (7, lambda v, n: task(v, n)),
        "calendar": (8, lambda v, n: event(v, n, START, END))}
NAME = {"contacts": "last_name", "tasks": "title", "calendar": "title"}
PATH = {"contacts": "Contacts:LastName", "tasks": "Tasks:Subject", "calendar": "Calendar:Subject"}


@pytest.fixture(autouse=True)
def expected(log):
    log.allow("OX|groupware|temporar|retry|nobody knows|Add")


def ready(phone, user, version, module):
    r = phone(version, user=user)
    cid = r.folder(MAKE[module][0])
    r.sync(cid)
    return r, cid


def add(version, module, name):
    return A.Add(A.ClientId("n"), A.ApplicationData(*MAKE[module][1](version, name)))


def book(r, cid, t, version, module, name):
    """The phone takes the answer to its Add."""
    response = t.response("Add", ClientId="n")
    assert response.val("Status") == "1", t
    r.collections[cid].items[response.val("ServerId")] = A.ApplicationData(*MAKE[module][1](version, name))


@pytest.mark.parametrize("version", ["2.5", "16.1"])
@pytest.mark.parametrize("module", sorted(MAKE))
def test_ox_did_it_and_answered_rubbish(phone, user, site, version, module):
    """The phone is told of one item, under the id of its own Add."""
    r, cid = ready(phone, user, version, module)
    site.ox.control("fault", user=user.name, module=module, action="new", kind="garbage", body="{", after=True)
    t = r.turn(cid, [add(version, module, "Eins")])
    assert not t.commands, t
    book(r, cid, t, version, module, "Eins")
    assert [o[NAME[module]] for o in user.objects(module)] == ["Eins"]
    assert not r.turn(cid).of("Add")


@pytest.mark.parametrize("version", ["2.5", "16.1"])
@pytest.mark.parametrize("module", sorted(MAKE))
def test_edited_in_ox_before_the_add_is_repeated(phone, user, site, version, module):
    """OX did it and the answer was cut; what somebody changed there before the repeat reaches the phone."""
    r, cid = ready(phone, user, version, module)
    request = r.request(r.collections[cid], [add(version, module, "Eins")])
    site.ox.control("fault", user=user.name, module=module, action="new", kind="garbage", body="{", after=True)
    site.ox.control("fault", user=user.name, kind="status", status=503, skip=0, count=6)
    assert r.device.sync(request).status in (200, 503)
    site.ox.control("fault/clear")
    (o,) = user.objects(module)
    user.update(module, o["id"], **{NAME[module]: "In OX"})
    t = Turn(r.device.sync(request), cid)
    book(r, cid, t, version, module, "Eins")
    r.apply(r.collections[cid], t)
    r.sync(cid)
    assert r.texts(cid, PATH[module]) == ["In OX"] == [o[NAME[module]] for o in user.objects(module)]


@pytest.mark.parametrize("version", ["2.5", "16.1"])
@pytest.mark.parametrize("module", sorted(MAKE))
def test_edited_on_the_phone_before_the_add_is_repeated(phone, user, version, module):
    """The answer was lost, the owner edited on, and the same ClientId comes with other content: still one item."""
    r, cid = ready(phone, user, version, module)
    r.device.sync(r.request(r.collections[cid], [add(version, module, "Eins")]))
    t = r.turn(cid, [add(version, module, "Zwei")])
    assert not t.commands, t
    book(r, cid, t, version, module, "Zwei")
    assert [o[NAME[module]] for o in user.objects(module)] == ["Zwei"]
    r.sync(cid)
    assert r.texts(cid, PATH[module]) == ["Zwei"]
