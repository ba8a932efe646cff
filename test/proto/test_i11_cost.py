# SPDX-License-Identifier: Apache-2.0
"""What a request costs: calls of OX and statements of the database, from the notes in the access log. The figures do not
depend on the machine. One that grows makes every phone dearer: find out why before it is written here."""
import os
import time

import pytest

from easlib.items import contact, mime
from easlib.seed import seed
from easlib.site import Site
from easlib.wbxml import AirSync as A

LOG = ('LogFormat "%{eas-cmd}n %{eas-ox-calls}n %{eas-store}n" cost\n'
       "CustomLog cost.log cost\n")


@pytest.fixture(scope="module")
def site():
    s = Site(seed(), config=LOG)
    try:
        yield s
    finally:
        s.stop()


class Costs:
    def __init__(self, site):
        self.path = os.path.join(site.folder, "cost.log")
        self.seen = 0
        self.new(0)

    def new(self, count):
        """The requests since the last look, as (command, calls, statements). A line is written a moment after the answer."""
        rows = []
        for _ in range(200):
            time.sleep(0.02)
            if os.path.exists(self.path):
                with open(self.path, encoding="ascii") as f:
                    rows = [line.split() for line in f]
            if count and len(rows) >= self.seen + count:
                break
            if not count:
                self.seen = len(rows)
                return []
        found, self.seen = rows[self.seen:], len(rows)
        assert len(found) == count, found
        return [(name, int(calls), int(statements)) for name, calls, statements in found]


@pytest.fixture
def ready(phone, user, site):
    r = phone("14.1", user=user)
    time.sleep(0.1)
    return r, Costs(site)


def test_folders(ready):
    r, costs = ready
    r.foldersync()
    assert costs.new(1) == [("FolderSync", 1, 4)]


def test_contacts(ready, user):
    r, costs = ready
    cid = r.folder(9)
    for i in range(100):
        user.new("contacts", first_name=f"Ada {i}", last_name="L")
    r.turn(cid)
    r.turn(cid)
    assert costs.new(2) == [("Sync", 0, 10), ("Sync", 2, 13)]
    # What was made within a second of the cursor is told again until it is surely over: one look into the database more,
    # and nothing written.
    r.turn(cid)
    r.turn(cid)
    assert costs.new(2)[1] == ("Sync", 1, 4)
    user.new("contacts", first_name="One", last_name="More")
    r.turn(cid)
    assert costs.new(1) == [("Sync", 2, 14)]


def test_mails(ready, user):
    r, costs = ready
    cid = r.folder(2)
    for i in range(20):
        user.deliver(mime("fox@example.net", user.address, f"Mail {i}"))
    r.turn(cid)
    r.turn(cid)
    assert costs.new(2) == [("Sync", 0, 10), ("Sync", 4, 14)]  # one of them: is a conversation always to be moved?
    r.turn(cid)
    r.turn(cid)
    assert costs.new(2)[1] == ("Sync", 1, 3)


def test_an_add(ready):
    r, costs = ready
    cid = r.folder(9)
    r.sync(cid)
    costs.new(0)
    r.turn(cid, [A.Add(A.ClientId("c"), A.ApplicationData(*contact("14.1", "Ada", "L")))])
    assert costs.new(1) == [("Sync", 2, 24)]
    # Many are noted together: what one of them costs more is far below three statements.
    r.turn(cid, [A.Add(A.ClientId(f"c{i}"), A.ApplicationData(*contact("14.1", f"Ada {i}", "L"))) for i in range(100)])
    assert costs.new(1) == [("Sync", 101, 35)]


def test_recipients(ready, user):
    """One call when nothing has changed, however many contacts there are."""
    r, costs = ready
    for i in range(20):
        user.new("contacts", display_name=f"P{i}", email1=f"p{i}@example.net", useCount=i)
    for _ in range(4):
        r.turn("RI")
    assert costs.new(4)[1::2] == [("Sync", 2, 13), ("Sync", 1, 3)]
