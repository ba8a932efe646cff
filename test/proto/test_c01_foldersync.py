# SPDX-License-Identifier: Apache-2.0
"""FolderSync (MS-ASCMD 2.2.1.5)."""
import threading

import pytest

from easlib.mark import every
from easlib.replica import CLASS_OF_TYPE
from easlib.wbxml import FolderHierarchy as F


@every()
def test_default_folders_exactly_once(phone, version):
    r = phone(version)
    types = [f["Type"] for f in r.folders.values()]
    for kind in range(2, 10):
        assert types.count(str(kind)) == 1, (kind, r.folders)
    assert float(version) >= 14 or not {"10", "17", "19"} & set(types)
    for sid, f in r.folders.items():
        assert 0 < len(sid) <= 64 and 0 < len(f["DisplayName"]) <= 256 and f["Type"] in CLASS_OF_TYPE


@every()
def test_fm20_parents_first(phone, user, version):
    """The replica notes a parent that comes later; here there are nested folders to get wrong."""
    a = user.new_folder("Aaa", "mail")
    user.new_folder("Bbb", "mail", a)
    r = phone(version, user=user)
    parent, child = r.folder_named("Aaa"), r.folder_named("Bbb")
    assert r.folders[child]["ParentId"] == parent and r.folders[parent]["Type"] == "12"


@every()
def test_key_0_gives_the_same_ids(phone, version):
    r = phone(version)
    before, key = dict(r.folders), r.folder_key
    r.folder_key = "0"
    r.foldersync()
    assert r.folders == before and r.folder_key != key


def test_ids_are_the_same_for_another_version(phone, user):
    r = phone("12.1", user=user)
    ids = {f["DisplayName"]: i for i, f in r.folders.items()}
    r.device.version, r.folder_key = "16.1", "0"
    r.foldersync()
    later = {"10", "19"}  # Notes and RecipientInfo are of 14.0
    assert {f["DisplayName"]: i for i, f in r.folders.items() if f["Type"] not in later} == ids


@every()
def test_nothing_new_is_count_0(phone, version):
    r = phone(version)
    a = r.foldersync()
    assert a.doc.val("Changes/Count") == "0" and len(a.doc["Changes"].children) == 1 and a.doc.val("SyncKey")


@every()
@pytest.mark.parametrize("module,kind", [("mail", "12"), ("contacts", "14"), ("calendar", "13"), ("tasks", "15")])
def test_changes_in_ox(phone, user, version, module, kind):
    r = phone(version, user=user)
    fid = user.new_folder("Neu äöü", module)
    r.foldersync()
    sid = r.folder_named("Neu äöü")
    assert sid and r.folders[sid]["Type"] == kind
    r.sync(sid)  # a mail folder that was never opened may come back as another one, that harms nobody
    fid2 = user.rename_folder(fid, "Anders")
    a = r.foldersync()
    assert r.folders[sid]["DisplayName"] == "Anders" and a.doc.all("Changes/Update"), a
    user.delete_folder(fid2 or fid)
    r.foldersync()
    assert sid not in r.folders


@every()
@pytest.mark.parametrize("key", ["nonsense", "1", "999999", "", "0.0", "ä" * 20, "x" * 64, "x" * 500])
def test_wrong_key(phone, version, key):
    r = phone(version)
    a = r.device.foldersync(key)
    assert a.status == 200 and a.code == "9" and "SyncKey" not in a.doc and "Changes" not in a.doc, a
    r.foldersync()


@every()
def test_stale_key(phone, user, version):
    r = phone(version, user=user)
    old = r.folder_key
    for name in ("One", "Two"):
        user.new_folder(name, "contacts")
        r.foldersync()
    assert r.device.foldersync(old).code == "9"


@every()
@pytest.mark.parametrize("doc", [F.FolderSync(), F.FolderSync(F.Status("1")), F.FolderSync("text")],
                         ids=["no key", "Status", "text"])
def test_malformed(phone, version, doc):
    a = phone(version).device.cmd("FolderSync", doc)
    assert a.status == 200 and a.code == "10", a


@every()
def test_fm12_lost_answer(phone, user, version):
    """The same key again gives the same changes; only the next key proves that they arrived."""
    r = phone(version, user=user)
    user.new_folder("Lost", "mail")
    first = [r.device.foldersync(r.folder_key) for _ in range(4)]
    for a in first:
        assert a.code == "1" and [e.val("DisplayName") for e in a.doc.all("Changes/Add")] == ["Lost"]
    assert len({a.doc["Changes/Add"].val("ServerId") for a in first}) == 1
    r.foldersync()
    assert r.foldersync().doc.val("Changes/Count") == "0"


def test_two_devices_do_not_disturb_each_other(phone, user):
    one, two = phone("14.1", user=user), phone("16.1", user=user)
    user.new_folder("Both", "tasks")
    one.foldersync()
    two.foldersync()
    assert one.folder_named("Both") and two.folder_named("Both")


def test_two_new_phones_of_one_user_at_once(phone, user):
    """Both make the user's folders known in the same moment; neither may fail, and both get the same ids."""
    for i in range(5):
        phones = [phone("14.1", user=user, ready=False) for _ in range(3)]
        for r in phones:
            r.device.provision()
        user.new_folder(f"Fold{i}", "mail")
        start, faults = threading.Barrier(len(phones)), []

        def go(r):
            start.wait()
            try:
                r.foldersync()
            except Exception as e:  # a thread's exception must not get lost
                faults.append(e)
        threads = [threading.Thread(target=go, args=(r,)) for r in phones]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert not faults
        assert phones[0].folders == phones[1].folders == phones[2].folders
