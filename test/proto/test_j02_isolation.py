# SPDX-License-Identifier: Apache-2.0
"""User A with the ids and keys of user B."""
from easlib.items import contact
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A

SECRET = "Geheim von B"


def pair(phone, user, other_user, version):
    """A and B, B with a contact; both synchronised."""
    other_user.new("contacts", last_name=SECRET, display_name=SECRET)
    a, b = phone(version, user=user), phone(version, user=other_user)
    for r in (a, b):
        r.sync(r.folder(9))
    return a, b


@every()
def test_foreign_hierarchy_key(phone, user, other_user, version):
    a, b = pair(phone, user, other_user, version)
    b.foldersync()
    if a.folder_key != b.folder_key:
        assert a.device.foldersync(b.folder_key).code == "9"


@every()
def test_foreign_keys_and_ids(phone, user, other_user, version):
    a, b = pair(phone, user, other_user, version)
    mine, his = a.folder(9), b.folder(9)
    c = b.collections[his]
    for cid in {mine, his}:
        for key in (c.key, "0"):
            answer = a.device.sync(a.device.collection(key, cid, "Contacts"))
            assert SECRET not in str(answer)
            if cid != mine or key not in ("0", a.collections[mine].key):
                assert Turn(answer, cid).status in ("3", "12", "8"), answer


@every()
def test_foreign_items(phone, user, other_user, version):
    a, b = pair(phone, user, other_user, version)
    mine = a.folder(9)
    (sid,) = b.collections[b.folder(9)].items
    data = A.ApplicationData(*contact(version, "Hacked", "Hacked"))
    for cmd in (A.Fetch(A.ServerId(sid)), A.Change(A.ServerId(sid), data), A.Delete(A.ServerId(sid))):
        t = a.turn(mine, [cmd])
        r = t.response(cmd.tag, ServerId=sid)
        assert r is None and cmd.tag == "Delete" or r.val("Status") == "8", t
        assert SECRET not in str(t)
    (o,) = other_user.objects("contacts")
    assert o["last_name"] == SECRET


@every()
def test_foreign_folders(phone, user, other_user, version):
    other_user.new_folder("Privat B", "contacts")
    a, b = phone(version, user=user), phone(version, user=other_user)
    sid = b.folder_named("Privat B")
    if sid in a.folders:
        return
    for answer in (a.device.folder_delete(a.folder_key, sid), a.device.folder_update(a.folder_key, sid, "0", "Hacked")):
        assert answer.code == "4", answer
    assert a.device.ping([(sid, "Contacts")], "1").code != "2"
    assert "Privat B" in other_user.folders("contacts").values()


@every()
def test_same_device_id_of_two_users(phone, user, other_user, version):
    """One tablet, two accounts: two partnerships that know nothing of each other."""
    user.new("contacts", last_name="A", display_name="A")
    other_user.new("contacts", last_name="B", display_name="B")
    a = phone(version, user=user, device_id="SHAREDTABLET")
    b = phone(version, user=other_user, device_id="SHAREDTABLET")
    for r, want in ((a, ["A"]), (b, ["B"]), (a, ["A"])):
        r.foldersync()
        r.sync(r.folder(9))
        assert r.texts(r.folder(9), "Contacts:LastName") == want


@every()
def test_user_parameter_does_not_decide(phone, user, other_user, version):
    a = phone(version, user=user)
    a.device.query_user = other_user.name
    a.foldersync()
    user.new("contacts", last_name="A", display_name="A")
    other_user.new("contacts", last_name=SECRET, display_name=SECRET)
    a.sync(a.folder(9))
    assert a.texts(a.folder(9), "Contacts:LastName") == ["A"]
