# SPDX-License-Identifier: Apache-2.0
"""Folders that are not the user's own, and what happens to a device when folders change under its hands."""
import pytest

from easlib import items
from easlib.mark import every
from easlib.ox import MODULES

READ, AUTHOR = 257, 4 + (2 << 7) + (2 << 14) + (2 << 21)
DEFAULT_TYPE = {"contacts": "9", "calendar": "8", "tasks": "7"}
USER_TYPE = {"contacts": "14", "calendar": "13", "tasks": "15"}


def display_name(user):
    return user.call("GET", "user", "get")["display_name"]


@every()
@pytest.mark.parametrize("module", MODULES)
def test_shared_default_folder(phone, user, other_user, version, module):
    """Another user's default folder is shown under the owner's name, and not as a second default folder."""
    theirs = other_user.default(module)
    title = other_user.call("GET", "folders", "get", id=theirs)["title"]
    other_user.share(theirs, user, READ)
    r = phone(version, user=user)
    sid = r.folder_named(f"{title} ({display_name(other_user)})")
    assert sid and r.folders[sid]["Type"] == USER_TYPE[module], r.folders
    assert [f["Type"] for f in r.folders.values()].count(DEFAULT_TYPE[module]) == 1
    assert r.folders[r.folder(DEFAULT_TYPE[module])]["DisplayName"] == title


@pytest.mark.parametrize("module", MODULES)
def test_marked_for_sync_or_not(phone, user, other_user, module):
    fid = other_user.new_folder("Team", module)
    other_user.share(fid, user, READ)
    name = f"Team ({display_name(other_user)})"
    r = phone("14.1", user=user)
    sid = r.folder_named(name)
    assert sid
    other_user.update_folder(fid, used_for_sync={"value": False})
    r.foldersync()
    assert r.folder_named(name) is None
    other_user.update_folder(fid, used_for_sync={"value": True})
    r.foldersync()
    assert r.folder_named(name)


def test_directives(phone, site, user, other_user):
    fid = other_user.new_folder("Team", "calendar")
    other_user.share(fid, user, READ)
    name = f"Team ({display_name(other_user)})"
    r = phone("14.1", user=user, server=site.eas_own)
    assert r.folder_named(name) is None
    r = phone("14.1", user=user, server=site.eas_all)
    assert r.folder_named(name)
    other_user.update_folder(fid, used_for_sync={"value": False})
    r.foldersync()
    assert r.folder_named(name) is None  # "all" is all but those marked against it


def test_public_folder(phone, site, user, other_user):
    fid = user.new_folder("Aushang", "contacts", "2")
    assert phone("14.1", user=user, server=site.eas_own).folder_named("Aushang") is None
    r = phone("14.1", user=user)
    sid = r.folder_named("Aushang")
    assert r.folders[sid]["Type"] == "14" and r.folders[sid]["ParentId"] == "0"
    r.sync(sid)
    made = r.add(sid, items.contact("14.1", "Public", "Person"))
    assert len(user.ids("contacts", fid)) == 1 and made
    user.delete_folder(fid)


@every()
def test_rights_come_and_go(phone, user, other_user, version):
    """Read only: the device's change is refused and nothing is written; author: taken; none: the folder goes."""
    fid = other_user.new_folder("Team", "contacts")
    other_user.share(fid, user, READ)
    oid = other_user.new("contacts", fid, first_name="Ada", last_name="Base")
    r = phone(version, user=user)
    sid = r.folder_named(f"Team ({display_name(other_user)})")
    r.sync(sid)
    item, = r.collections[sid].items
    t = r.change(sid, item, items.contact(version, "Eva", "Other"))
    assert t.response("Change", ServerId=item).val("Status") != "1"
    assert other_user.get("contacts", oid, fid)["first_name"] == "Ada"
    r.sync(sid)
    assert r.find(sid, "FirstName", "Ada") == [item]
    other_user.share(fid, user, AUTHOR)
    r.foldersync()
    r.change(sid, item, items.contact(version, "Eva", "Other"))
    assert other_user.get("contacts", oid, fid)["first_name"] == "Eva"
    other_user.share(fid, user, 0)
    t = r.turn(sid)
    assert t.status == "12", t
    r.foldersync()
    assert sid not in r.folders


@every()
def test_folder_deleted_while_it_is_synced(phone, user, version):
    """The device learns it from Sync, and its other collections go on."""
    fid = user.new_folder("Kurz", "contacts")
    r = phone(version, user=user)
    sid, contacts = r.folder_named("Kurz"), r.folder(9)
    r.sync(sid)
    r.sync(contacts)
    user.delete_folder(fid)
    assert r.turn(sid).status == "12"
    assert r.turn(contacts).status == "1"
    r.foldersync()
    assert sid not in r.folders


@every()
def test_renamed_and_moved_folder_keeps_its_contents(phone, user, version):
    """FM: a renamed folder is not loaded again. A mail folder's id in OX changes with its name."""
    above = user.new_folder("Oben", "mail")
    fid = user.new_folder("Alt", "mail")
    r = phone(version, user=user)
    sid = r.folder_named("Alt")
    contacts = user.new_folder("Leute", "contacts")
    user.new("contacts", contacts, first_name="Ada")
    r.foldersync()
    people = r.folder_named("Leute")
    user.deliver(b"Subject: bleibt\r\nFrom: a@example.org\r\n\r\nx\r\n", fid)
    r.sync(sid)
    r.sync(people)
    assert r.texts(sid, "Subject") == ["bleibt"] and r.texts(people, "FirstName") == ["Ada"]
    fid = user.update_folder(fid, title="Neu", folder_id=above)
    user.rename_folder(contacts, "Personen")
    r.foldersync()
    assert (r.folders[sid]["DisplayName"], r.folders[sid]["ParentId"]) == ("Neu", r.folder_named("Oben"))
    assert r.folders[people]["DisplayName"] == "Personen"
    for cid in (sid, people):
        t = r.turn(cid)
        assert t.status == "1" and not t.commands, t
    user.deliver(b"Subject: neu\r\nFrom: a@example.org\r\n\r\nx\r\n", fid)
    r.sync(sid)
    assert r.texts(sid, "Subject") == ["bleibt", "neu"]
