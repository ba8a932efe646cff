# SPDX-License-Identifier: Apache-2.0
"""Edits on both sides: the rows of libusm/doc/conflicts.md on the wire, with the answer arriving and lost."""
import json
import os
import subprocess

import pytest

from easlib.items import contact, event, mime, task, when
from easlib.site import BUILD
from easlib.wbxml import AirSync as A, Email as E

VERSIONS = ("2.5", "12.1", "14.1", "16.1")
START, END = when("2031-05-06 09:00"), when("2031-05-06 10:30")
# kind of folder, the phone's item with that name, the name at OX and on the wire, another field at OX and on the wire
CLASSES = {
    "contacts": (9, lambda v, n: contact(v, n, "L"), "first_name", "Contacts:FirstName", "company",
                 "Contacts:CompanyName"),
    "calendar": (8, lambda v, n: event(v, n, START, END), "title", "Calendar:Subject", None, None),
    "tasks": (7, lambda v, n: task(v, n), "title", "Tasks:Subject", None, None),
}
MAKE = {"contacts": {"first_name": "Alt", "last_name": "L", "display_name": "L, Alt", "file_as": "L, Alt"},
        "calendar": {"title": "Alt", "start_date": int(START.timestamp() * 1000),
                     "end_date": int(END.timestamp() * 1000)},
        "tasks": {"title": "Alt", "priority": 2, "status": 1}}

cells = pytest.mark.parametrize("module", sorted(CLASSES))
versions = pytest.mark.parametrize("version", VERSIONS)
losses = pytest.mark.parametrize("lose", [0, 2])
policies = pytest.mark.parametrize("client_wins", [False, True], ids=["server", "client"])


class Cell:
    """One item that the phone and OX both have, and what each does to it."""

    def __init__(self, phone, user, version, module, client_wins, server=None):
        self.user, self.module, self.version = user, module, version
        kind, self.make, self.name, self.path, self.other, self.other_path = CLASSES[module]
        self.oid = user.new(module, **MAKE[module])
        self.r = phone(version, user=user, server=server)
        self.cid = self.r.folder(kind)
        self.r.sync(self.cid)
        self.col = self.r.collections[self.cid]
        (self.sid,) = self.col.items
        self.col.options = self.r.default_options(self.col)
        self.col.options.children.append(A.Conflict("0" if client_wins else "1"))

    def change(self, lose=0):
        return self.r.change(self.cid, self.sid, self.make(self.version, "Telefon"), lose)

    def status(self, t, kind="Change"):
        row = t.response(kind, ServerId=self.sid)
        return "1" if row is None else row.val("Status")

    def names(self, folder=None):
        return [o[self.name] for o in self.user.objects(self.module, folder)]

    def equal(self, *names):
        """Both sides have just these."""
        self.r.sync(self.cid)
        assert sorted(self.names()) == sorted(names)
        assert self.r.texts(self.cid, self.path) == sorted(names)
        assert not self.r.sync(self.cid)[-1].commands


def log_of(site, user, *args):
    """The user's conflict log."""
    user.session or user.login()
    key = f"1/{user.user_id}"
    out = subprocess.run([os.path.join(BUILD, "libusm", "tools", "usmctl"), "--store", site.store_url, *args,
                          "--user", key, "--json"], stdout=subprocess.PIPE, timeout=30, check=False,
                         env={**os.environ, "LC_ALL": "C.UTF-8"})
    assert out.returncode == 0, out
    return json.loads(out.stdout)


@versions
@cells
@policies
@losses
def test_same_field(site, phone, user, version, module, client_wins, lose):
    c = Cell(phone, user, version, module, client_wins)
    user.update(module, c.oid, **{c.name: "Server"})
    t = c.change(lose)
    assert c.status(t) == ("1" if client_wins else "7"), t
    c.equal("Telefon" if client_wins else "Server")
    (row,) = log_of(site, user, "conflicts")
    assert row["won"] == ("device" if client_wins else "server") and row["item"]
    assert ("Server" if client_wins else "Telefon") in row["lost"]


@pytest.mark.parametrize("version", ["2.5", "14.1"])
@cells
@policies
@losses
def test_loser_is_copied(site, phone, user, version, module, client_wins, lose):
    """EASConflictKeep copy: the losing version becomes an item of its own, once."""
    c = Cell(phone, user, version, module, client_wins, site.eas_copy)
    user.update(module, c.oid, **{c.name: "Server"})
    c.change(lose)
    won, lost = ("Telefon", "Server") if client_wins else ("Server", "Telefon")
    if module == "contacts":
        c.equal(won, lost)
        assert sorted(o["last_name"] for o in user.objects(module)) == ["L", "L (conflict)"]
    else:
        c.equal(won, f"{lost} (conflict)")
    (row,) = log_of(site, user, "conflicts")
    assert row["copy"]


@versions
@cells
@policies
@losses
def test_changed_here_deleted_there(phone, user, version, module, client_wins, lose):
    """The change survives as a new item; a part of an event (16.x) is not enough for that."""
    c = Cell(phone, user, version, module, client_wins)
    user.delete(module, c.oid)
    t = c.change(lose)
    part = version == "16.1" and module == "calendar"
    assert c.status(t) == ("8" if part else "1"), t
    c.equal(*([] if part else ["Telefon"]))
    assert c.sid not in c.col.items


@versions
@cells
@policies
@losses
def test_deleted_here_changed_there(phone, user, version, module, client_wins, lose):
    c = Cell(phone, user, version, module, client_wins)
    user.update(module, c.oid, **{c.name: "Server"})
    t = c.r.delete(c.cid, c.sid, lose)
    assert c.status(t, "Delete") == "1", t
    c.equal(*([] if client_wins else ["Server"]))


@versions
@cells
@policies
@losses
def test_changed_here_moved_there(phone, user, version, module, client_wins, lose):
    """The change follows the item; the phone, which does not sync that folder, loses it."""
    c = Cell(phone, user, version, module, client_wins)
    folder = user.new_folder("Woanders", module)
    c.r.foldersync()
    user.update(module, c.oid, folder_id=folder)
    t = c.change(lose)
    assert c.status(t) == "1", t
    c.equal()
    assert c.names(folder) == ["Telefon"]


@versions
@cells
@losses
def test_deleted_here_moved_there(phone, user, version, module, lose):
    c = Cell(phone, user, version, module, False)
    folder = user.new_folder("Woanders", module)
    c.r.foldersync()
    user.update(module, c.oid, folder_id=folder)
    t = c.r.delete(c.cid, c.sid, lose)
    assert c.status(t, "Delete") == "1", t
    c.equal()
    assert c.names(folder) == ["Alt"]


@versions
def test_address_is_one_field(phone, user, version):
    """Street here, city there: no address that neither of them wrote."""
    oid = user.new("contacts", first_name="F", last_name="L", display_name="x", street_home="Gasse 1", city_home="Ulm")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    user.update("contacts", oid, city_home="Bonn", postal_code_home="53111")
    t = r.change(cid, sid, contact(version, "F", "L", HomeAddressStreet="Gasse 2", HomeAddressCity="Ulm",
                                   Department="Neu"))
    assert t.response("Change", ServerId=sid).val("Status") == "7", t
    r.sync(cid)
    o = user.get("contacts", oid)
    assert (o["street_home"], o["city_home"], o["department"]) == ("Gasse 1", "Bonn", "Neu")
    assert r.collections[cid].items[sid].val("HomeAddressStreet") == "Gasse 1"


@pytest.mark.parametrize("version", ["12.1", "14.1", "16.1"])
@policies
def test_mail_flag(phone, user, version, client_wins):
    """Completed on the phone, flagged in OX; and a flag here, read there, which are merged."""
    user.deliver(mime("b@example.org", user.address, "Eins"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    (mail,) = user.mails()
    col = r.collections[cid]
    col.options = r.default_options(col)
    col.options.children.append(A.Conflict("0" if client_wins else "1"))
    user.flag(mail["id"], set_flags=8)
    t = r.change(cid, sid, [E.Flag(E.Status("1"))])
    row = t.response("Change", ServerId=sid)
    assert ("1" if row is None else row.val("Status")) == ("1" if client_wins else "7"), t
    assert bool(user.mails()[0]["flags"] & 8) == (not client_wins)
    user.flag(mail["id"], set_flags=32)
    r.change(cid, sid, [E.Flag(E.Status("2"), E.FlagType("Flag for follow up"))])
    r.sync(cid)
    assert user.mails()[0]["flags"] & 40 == 40
    assert col.items[sid].val("Read") == "1"


@versions
def test_two_phones_change_what_is_gone(phone, user, version):
    """Each makes it again by itself, and yet it is there once, with both edits."""
    oid = user.new("contacts", first_name="F", last_name="L", display_name="x", department="D", company="C")
    one, two = phone(version, user=user), phone("14.1", user=user)
    cid = one.folder(9)
    for r in (one, two):
        r.sync(cid)
    (sid,) = one.collections[cid].items
    user.delete("contacts", oid)
    one.change(cid, sid, contact(version, "F", "L", Department="Eins", CompanyName="C"))
    two.change(cid, sid, contact("14.1", "F", "L", Department="D", CompanyName="Zwei"))
    for r in (one, two, one, two):
        r.sync(cid)
    (o,) = user.objects("contacts")
    assert (o["department"], o["company"]) == ("Eins", "Zwei")
    for r in (one, two):
        assert r.texts(cid, "Contacts:Department") == ["Eins"]
        assert r.texts(cid, "Contacts:CompanyName") == ["Zwei"]
