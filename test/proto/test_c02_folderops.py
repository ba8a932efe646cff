# SPDX-License-Identifier: Apache-2.0
"""FolderCreate, FolderUpdate, FolderDelete with the statuses of MS-ASCMD 2.2.1.3, .4, .6."""
import pytest

from easlib.mark import every
from easlib.wbxml import FolderHierarchy as F

MODULE = {"12": "mail", "13": "calendar", "14": "contacts", "15": "tasks"}


def create(r, name, kind="12", parent="0"):
    """A folder made by the phone; returns its id."""
    a = r.device.folder_create(r.folder_key, parent, name, kind)
    assert a.code == "1", a
    r.folder_key = a.doc.val("SyncKey")
    sid = a.doc.val("ServerId")
    r.folders[sid] = {"ParentId": parent, "DisplayName": name, "Type": kind}
    return sid


def quiet(r):
    """No echo of what the phone did itself."""
    a = r.foldersync()
    assert a.doc.val("Changes/Count") == "0", a


@every()
@pytest.mark.parametrize("kind", sorted(MODULE))
def test_fm22_create_rename_delete_without_echo(phone, user, version, kind):
    r = phone(version, user=user)
    sid = create(r, "Vom Telefon ß", kind)
    assert "Vom Telefon ß" in user.folders(MODULE[kind]).values()
    quiet(r)
    a = r.device.folder_update(r.folder_key, sid, "0", "Neuer Name")
    assert a.code == "1" and a.doc.val("SyncKey") != r.folder_key, a
    r.folder_key = a.doc.val("SyncKey")
    titles = user.folders(MODULE[kind]).values()
    assert "Neuer Name" in titles and "Vom Telefon ß" not in titles
    quiet(r)
    a = r.device.folder_delete(r.folder_key, sid)
    assert a.code == "1", a
    r.folder_key = a.doc.val("SyncKey")
    del r.folders[sid]
    if MODULE[kind] == "mail":  # OX keeps it in the trash, and that is where the phone sees it
        r.foldersync()
        trash = next(i for i, f in r.folders.items() if f["Type"] == "4")
        assert [f["ParentId"] for f in r.folders.values() if f["DisplayName"] == "Neuer Name"] == [trash]
    else:
        assert "Neuer Name" not in user.folders(MODULE[kind]).values()
    quiet(r)


@every()
def test_nested(phone, user, version):
    r = phone(version, user=user)
    outer = create(r, "Outer")
    inner = create(r, "Inner", parent=outer)
    quiet(r)
    r.folder_key, folders = "0", dict(r.folders)
    r.foldersync()
    assert r.folders[inner]["ParentId"] == outer and set(r.folders) == set(folders)


def statuses(r):
    """(name, answer, wanted) of each refusal."""
    d, k = r.device, r.folder_key
    inbox, contacts = r.folder(2), r.folder(9)
    mine = next(i for i, f in r.folders.items() if f["DisplayName"] == "Exists")
    yield "create: name exists", d.folder_create(k, "0", "Exists", "12"), "2"
    yield "create: parent unknown", d.folder_create(k, "no-such-id", "X", "12"), "5"
    yield "create: wrong key", d.folder_create("77", "0", "X", "12"), "9"
    for kind in ("2", "3", "5", "7", "8", "9"):
        yield f"create: default type {kind}", d.folder_create(k, "0", "X", kind), "10"
    yield "create: RI", d.folder_create(k, "0", "X", "19"), "3"
    yield "create: no name", d.cmd("FolderCreate", F.FolderCreate(F.SyncKey(k), F.ParentId("0"), F.Type("12"))), "10"
    yield "create: no key", d.cmd("FolderCreate", F.FolderCreate(F.ParentId("0"), F.DisplayName("X"),
                                                                 F.Type("12"))), "10"
    yield "create: type is text", d.folder_create(k, "0", "X", "twelve"), "10"
    yield "delete: inbox", d.folder_delete(k, inbox), "3"
    yield "delete: contacts", d.folder_delete(k, contacts), "3"
    yield "delete: outbox", d.folder_delete(k, r.folder(6)), "3"
    yield "delete: unknown", d.folder_delete(k, "no-such-id"), "4"
    yield "delete: wrong key", d.folder_delete("77", mine), "9"
    yield "delete: no id", d.cmd("FolderDelete", F.FolderDelete(F.SyncKey(k))), "10"
    yield "update: name exists", d.folder_update(k, mine, "0", "Exists too"), "2"
    yield "update: special", d.folder_update(k, inbox, "0", "Y"), "2"
    yield "update: unknown", d.folder_update(k, "no-such-id", "0", "Y"), "4"
    yield "update: parent unknown", d.folder_update(k, mine, "no-such-id", "Y"), "5"
    yield "update: wrong key", d.folder_update("77", mine, "0", "Y"), "9"
    yield "update: no name", d.cmd("FolderUpdate", F.FolderUpdate(F.SyncKey(k), F.ServerId(mine),
                                                                  F.ParentId("0"))), "10"
    yield "update: no parent", d.cmd("FolderUpdate", F.FolderUpdate(F.SyncKey(k), F.ServerId(mine),
                                                                    F.DisplayName("Y"))), "10"
    yield "update: Status", d.cmd("FolderUpdate", F.FolderUpdate(F.Status("1"), F.SyncKey(k), F.ServerId(mine),
                                                                 F.ParentId("0"),
                                                                F.DisplayName("Y"))), "10"


@every()
def test_refusals(phone, user, version):
    """A refusal names its status, gives no key, and leaves the phone's key good."""
    r = phone(version, user=user)
    create(r, "Exists")
    create(r, "Exists too")
    wrong = [(name, str(a)) for name, a, want in statuses(r)
             if a.status != 200 or a.code != want or "SyncKey" in a.doc or "ServerId" in a.doc]
    assert not wrong
    quiet(r)


@every()
def test_fm12_lost_answers(phone, user, version):
    """The same request with the same key: the same answer, and the thing done once."""
    r = phone(version, user=user)
    for verb, call in (
            ("create", lambda: r.device.folder_create(r.folder_key, "0", "Einmal", "14")),
            ("update", lambda: r.device.folder_update(r.folder_key, sid, "0", "Zweimal")),
            ("delete", lambda: r.device.folder_delete(r.folder_key, sid))):
        answers = [call() for _ in range(3)]
        assert [a.code for a in answers] == ["1"] * 3, (verb, answers)
        if verb == "create":
            assert len({a.doc.val("ServerId") for a in answers}) == 1, answers
            sid = answers[-1].doc.val("ServerId")
        r.folder_key = answers[-1].doc.val("SyncKey")
        want = {"create": ["Einmal"], "update": ["Zweimal"], "delete": []}[verb]
        assert [t for t in user.folders("contacts").values() if t in ("Einmal", "Zweimal")] == want
        if verb == "create":
            r.folders[sid] = {"ParentId": "0", "DisplayName": "Einmal", "Type": "14"}
    r.folders.pop(sid)
    quiet(r)


@every()
def test_change_in_ox_meanwhile_is_not_lost(phone, user, version):
    """A create under the old key must not swallow what OX changed since."""
    r = phone(version, user=user)
    user.new_folder("From OX", "contacts")
    create(r, "From phone", "14")
    r.foldersync()
    assert r.folder_named("From OX")


@every("2.5", "16.1")
def test_renamed_here_and_moved_there(phone, user, version):
    """Only what the phone has changed is written: the parent that comes along with a new name is the old one."""
    r, other = phone(version, user=user), phone(version, user=user)
    outer, inner = create(r, "Outer"), create(r, "Inner")
    ids = {t: i for i, t in user.folders("mail").items()}
    user.update_folder(ids["Inner"], folder_id=ids["Outer"])
    other.foldersync()  # now it is known where it went, though not to this phone
    a = r.device.folder_update(r.folder_key, inner, "0", "Anders")
    assert a.code == "1", a
    r.folder_key = a.doc.val("SyncKey")
    r.foldersync()
    assert r.folders[inner] == {"ParentId": outer, "DisplayName": "Anders", "Type": "12"} and not r.faults


@every("2.5", "16.1")
def test_deleted_with_what_is_below(phone, user, version):
    """The phone drops the whole branch; OX keeps it in the trash, where all of it comes back to the phone."""
    r = phone(version, user=user)
    outer = create(r, "Outer")
    inner = create(r, "Inner", parent=outer)
    a = r.device.folder_delete(r.folder_key, outer)
    assert a.code == "1", a
    r.folder_key = a.doc.val("SyncKey")
    del r.folders[outer], r.folders[inner]
    r.foldersync()
    outer, inner = r.folder_named("Outer"), r.folder_named("Inner")
    assert inner and r.folders[inner]["ParentId"] == outer and r.folders[outer]["ParentId"] == r.folder(4)
    assert not r.faults
