# SPDX-License-Identifier: Apache-2.0
"""Keeping the state: usmctl state and upkeep, devices that come back after months, schemas of earlier versions."""
import glob
import json
import os
import re
import sqlite3
import subprocess
import threading

import pytest

from easlib.items import contact
from easlib.replica import Replica
from easlib.site import TOP
from easlib.wbxml import AirSync as A
from test_t01_usmctl import ctl

DAY = 86400000


def sql(site, *statements):
    """Runs statements on the site's store, behind everybody's back; rows of the last one."""
    if site.db is None:
        db = sqlite3.connect(f"{site.state}/eas.db", timeout=30)
        try:
            for s in statements:
                rows = db.execute(s).fetchall()
            db.commit()
        finally:
            db.close()
        return rows
    text = "SET FOREIGN_KEY_CHECKS = 0; " + "; ".join(statements)
    out = subprocess.run(["mariadb", "--no-defaults", f"--socket={site.db.socket}", "--user=root", "-N", "eas"],
                         input=text, text=True, capture_output=True, check=True).stdout
    return [tuple(line.split("\t")) for line in out.splitlines()]


def on_store(site, *args, **kw):
    return ctl(*args[:1], "--store", site.store_url, *args[1:], **kw)


def device_of(site, r):
    """Key of the user and row of the device."""
    rows = [d for d in json.loads(on_store(site, "devices", "--json")[0]) if d["device"] == r.device.device_id]
    assert len(rows) == 1, rows
    ident = sql(site, f"SELECT id FROM device WHERE device_id = '{r.device.device_id}'")[0][0]
    return rows[0]["user"], int(ident)


def synced(phone, user, version="14.1"):
    user.new("contacts", last_name="A", display_name="A")
    r = phone(version, user=user)
    cid = r.folder(9)
    r.sync(cid)
    return r, cid


def test_show(site, user, phone):
    r, cid = synced(phone, user)
    key, _ = device_of(site, r)
    args = ("state", "show", "--user", key, "--device", r.device.device_id)
    rows = json.loads(on_store(site, *args, "--json")[0])
    (x,) = rows[1:]
    assert (x["folder"], x["class"], x["items"], x["waiting"]) == (int(cid), "contact", 1, 0)
    assert rows[0]["class"] == "hierarchy" and rows[1]["name"]
    out = on_store(site, *args)[0].splitlines()
    assert len(out) == 3 and out[0].split()[:2] == ["FOLDER", "CLASS"], out
    on_store(site, "state", "show", "--user", key, code=2)
    on_store(site, "state", "show", "--user", key, "--device", "none", code=1)
    on_store(site, "state", code=2)
    on_store(site, "state", "nonsense", code=2)


FLAWS = {
    "collection_gen": "UPDATE collection SET prev = gen + 1 WHERE device = {device} AND fid = {fid}",
    "item_gen": "UPDATE item SET born = 99 WHERE collection = {collection}",
    "item_twice": "INSERT INTO item (collection, idlen, id, born, died, rev, withheld) SELECT collection, idlen, id,"
                  " born - 1, died, rev, withheld FROM item WHERE collection = {collection}",
    "item_digests": "UPDATE item SET digests = 'x' WHERE collection = {collection}",
    "pending_gen": "INSERT INTO pending (collection, idlen, id, taken, place, state, rev)"
                   " VALUES ({collection}, 1, 'x', 99, 0, 0, 0)",
    "echo_gen": "INSERT INTO echo (collection, base, kind, cid, digest, done, code, rev)"
                " VALUES ({collection}, 99, 0, 'x', 0, 1, 0, 0)",
    "collection_folder": "UPDATE collection SET fid = 4711 WHERE id = {collection}",
    "item": "INSERT INTO item (collection, idlen, id, born, died, rev, withheld)"
            " VALUES (987654, 1, 'x', 1, 2147483647, 1, 0)",
    "attr": "INSERT INTO device_attr (device, name, value) VALUES (987654, 'x', 'y')",
    "last_fid": "UPDATE usr SET last_fid = 1 WHERE id = (SELECT usr FROM device WHERE id = {device})",
}


@pytest.mark.parametrize("flaw", sorted(FLAWS))
def test_check_finds_and_repairs(site, user, phone, flaw):
    """Each kind of broken row is found, taken away, and the phone ends equal to OX without anything doubled."""
    r, cid = synced(phone, user)
    _, device = device_of(site, r)
    assert on_store(site, "state", "check")[0] == "the state is sound\n"
    (row,) = sql(site, f"SELECT id FROM collection WHERE device = {device} AND fid = {cid}")
    sql(site, FLAWS[flaw].format(device=device, fid=cid, collection=row[0]))
    out = json.loads(on_store(site, "state", "check", "--json", code=1)[0])
    assert {x["check"] for x in out if x["found"]} == {flaw}, out
    out = json.loads(on_store(site, "state", "check", "--repair", "--json")[0])
    assert [x["repaired"] for x in out if x["check"] == flaw] == [1], out
    assert on_store(site, "state", "check")[0] == "the state is sound\n"
    user.new("contacts", last_name="B", display_name="B")
    if r.turn(cid).status == "3":
        r.sync(cid)
    r.sync(cid)
    assert r.texts(cid, "Contacts:LastName") == ["A", "B"]


@pytest.mark.parametrize("version", ["2.5", "14.1", "16.1"])
def test_back_after_months(site, user, phone, version):
    """A device that was forgotten takes the policy and starts over; its own edit is not lost, nothing is doubled."""
    r, cid = synced(phone, user, version)
    other, _ = synced(phone, user)
    _, device = device_of(site, r)
    sql(site, f"UPDATE device SET seen = seen - {200 * DAY} WHERE id = {device}")
    assert json.loads(on_store(site, "upkeep", "--days", "365", "--json")[0])["devices"] == 0
    assert json.loads(on_store(site, "upkeep", "--days", "0", "--json")[0])["devices"] == 0
    assert json.loads(on_store(site, "upkeep", "--json")[0])["devices"] == 1
    assert not sql(site, f"SELECT id FROM device WHERE id = {device}")
    assert on_store(site, "state", "check")[0] == "the state is sound\n"
    on_store(site, "upkeep", "--days", "x", code=2)
    a = r.device.foldersync(r.folder_key)
    assert a.status != 200 or a.code != "1", "a forgotten device must not go on as if nothing had happened"
    r.device.provision()
    r.folder_key = "0"
    r.foldersync()
    t = r.turn(cid, [A.Add(A.ClientId("late"), A.ApplicationData(*contact(version, "F", "Late")))])
    assert t.status == "3", t
    r.sync(cid)
    r.add(cid, contact(version, "F", "Late"))
    r.sync(cid)
    want = sorted(o["last_name"] for o in user.objects("contacts"))
    assert r.texts(cid, "Contacts:LastName") == want and want.count("Late") == 1
    assert other.turn(cid).status == "1", "the user's other device goes on"


def test_device_removed_while_it_syncs(site, user, phone, log):
    """An administrator forgets a device in the middle of its requests: no 500, and it starts over."""
    log.allow("lock|busy|retry|again|constraint|foreign key|FOREIGN KEY|state database|device")
    r, cid = synced(phone, user)
    key, _ = device_of(site, r)
    stop, codes = threading.Event(), set()

    def traffic():
        while not stop.is_set():
            codes.add(r.device.sync(r.request(r.collections[cid])).status)
    t = threading.Thread(target=traffic)
    t.start()
    try:
        for _ in range(5):
            on_store(site, "state", "reset", "--user", key, "--device", r.device.device_id, "--yes")
            user.new("contacts", last_name="B", display_name="B")
            while not sql(site, f"SELECT id FROM device WHERE device_id = '{r.device.device_id}'"):
                pass
    finally:
        stop.set()
        t.join(30)
    assert codes <= {200, 449, 503}, codes
    again = Replica(r.device)
    r.device.provision()
    again.foldersync()
    again.sync(cid)
    assert again.texts(cid, "Contacts:LastName") == ["A"] + ["B"] * 5
    assert on_store(site, "state", "check")[0] == "the state is sound\n"


def test_folder_gone_is_forgotten(site, user, phone):
    fid = user.new_folder("Weg", "contacts")
    r = phone("14.1", user=user)
    cid = r.folder_named("Weg")
    r.sync(cid)
    user.delete_folder(fid)
    r.foldersync()
    assert json.loads(on_store(site, "upkeep", "--json")[0])["collections"] == 1
    assert r.turn(cid).status in ("8", "12")
    assert r.folder_named("Weg") is None


@pytest.mark.parametrize("count", [20])
def test_twenty_devices_edit_at_once(site, user, phone, log, count):
    """Each adds, changes and deletes at the same moment, through several children; all end equal to OX."""
    log.allow("lock|busy|retry|again|conflict|state database")
    for i in range(count):
        user.new("contacts", last_name=f"c{i:02d}", display_name="c")
    reps = [phone(("14.1", "2.5", "16.1", "12.1")[i % 4], user=user) for i in range(count)]
    cid = reps[0].folder(9)
    gate, failed = threading.Barrier(count), []

    def until(r, commands):
        for _ in range(60):
            a = r.device.sync(r.request(r.collections[cid], commands))
            if a.status == 200 and "<Status>16<" not in a.doc.show():
                return
            r.device.close()
        failed.append(a)

    def run(i, r):
        try:
            r.sync(cid)
            (mine,) = r.find(cid, "Contacts:LastName", f"c{i:02d}")
            gate.wait(60)
            v = r.device.version
            until(r, [A.Add(A.ClientId(f"n{i}"), A.ApplicationData(*contact(v, "new", f"n{i:02d}"))),
                      A.Delete(A.ServerId(mine)) if i % 2 else
                      A.Change(A.ServerId(mine), A.ApplicationData(*contact(v, "edited", f"c{i:02d}")))])
        except BaseException as e:
            failed.append(e)
            gate.abort()
    threads = [threading.Thread(target=run, args=x) for x in enumerate(reps)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert not failed, failed[:2]
    want = sorted([f"n{i:02d}" for i in range(count)] + [f"c{i:02d}" for i in range(0, count, 2)])
    assert sorted(o["last_name"] for o in user.objects("contacts")) == want
    for r in reps:
        fresh = Replica(r.device)
        fresh.folder_key, fresh.folders = r.folder_key, r.folders
        fresh.sync(cid)
        assert fresh.texts(cid, "Contacts:LastName") == want


# ---- schemas of earlier versions -----------------------------------------------------------------

FILES = sorted(glob.glob(os.path.join(TOP, "test", "proto", "schema", "*.sqlite.sql")))
DATA = [
    "INSERT INTO usr (id, user_key, last_fid) VALUES (1, '1/4', 7)",
    "INSERT INTO device (id, usr, device_id, device_type, policy_key, policy_digest, pending_key, pending_digest,"
    " created, seen) VALUES (1, 1, 'DEV', 'T', 4711, 'd', 0, '', 1700000000000, 1700000000001)",
    "INSERT INTO device_attr (device, name, value) VALUES (1, 'ping', 'x')",
    "INSERT INTO folder (usr, fid, backend_id, live, parent, name, cls, role, rights, token, has_children)"
    " VALUES (1, 7, '32', 1, 0, 'Contacts', 2, 1, 63, '', 0)",
    "INSERT INTO collection (id, device, fid, cls, epoch, gen, prev, since, open_tasks, progress, options, created,"
    " full_at, lease, lease_until) VALUES (1, 1, 7, 2, 12345, 6, 5, NULL, 0, 'c1', 'o', 1700000000000, NULL, '', NULL)",
    "INSERT INTO item (collection, idlen, id, born, died, rev, edge, withheld)"
    " VALUES (1, 2, '17', 3, 2147483647, 9, NULL, 0)",
    "INSERT INTO pending (collection, idlen, id, taken, place, state, rev, edge) VALUES (1, 2, '18', 0, -5, 0, 4, NULL)",
    "INSERT INTO echo (collection, base, kind, cid, digest, done, code, id, rev, edge, made)"
    " VALUES (1, 5, 0, 'c', 1, 1, 0, '17', 9, NULL, 1700000000000)",
    "INSERT INTO sent (device, base, kind, cid, digest, done, code, id, rev, edge, made)"
    " VALUES (1, 0, 3, 's', 1, 1, 0, NULL, 0, NULL, 1700000000000)",
    "INSERT INTO login (name, value, made) VALUES ('n', 'v', 1700000000000)",
]
TABLES = ("usr", "device", "device_attr", "folder", "collection", "item", "pending", "echo", "sent", "login")


def statements(path):
    with open(path, encoding="utf-8") as f:
        text = re.sub(r"^--.*\n", "", f.read(), flags=re.M)
    return [s for s in text.split(";\n") if s.strip()]


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_moves_forward_with_its_data(path, tmp_path):
    db = sqlite3.connect(f"{tmp_path}/x.db")
    for s in statements(path) + DATA:
        db.execute(s)
    db.commit()

    def rows():
        return {t: db.execute(f"SELECT * FROM {t}").fetchall() for t in TABLES}
    before, url = rows(), f"sqlite:{tmp_path}/x.db"
    ctl("devices", "--store", url, code=1)
    assert "moved from version" in ctl("schema", "--store", url, "--upgrade")[0]
    for table, old in before.items():
        assert [r[:len(old[0])] for r in rows()[table]] == old, table
    assert ctl("state", "check", "--store", url)[0] == "the state is sound\n"
    (row,) = json.loads(ctl("state", "show", "--store", url, "--user", "1/4", "--device", "DEV", "--json")[0])
    assert (row["folder"], row["items"], row["waiting"], row["generation"]) == (7, 1, 1, 6)
    db.close()


@pytest.mark.parametrize("path", FILES, ids=os.path.basename)
def test_moves_forward_on_mariadb(site, path):
    if site.db is None:
        pytest.skip("the store of this run is SQLite: see the test above")
    name = "mig" + os.path.basename(path).split(".")[0]
    sql(site, f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
    use = f"USE {name}"
    sql(site, use, *statements(path.replace(".sqlite.", ".mariadb.")), *DATA)

    def rows():
        return {t: sql(site, use, f"SELECT * FROM {t}") for t in TABLES}
    before, url = rows(), site.store_url.replace("/eas?", f"/{name}?")
    assert "moved from version" in ctl("schema", "--store", url, "--upgrade")[0]
    for table, old in before.items():
        assert [r[:len(old[0])] for r in rows()[table]] == old, table
    assert ctl("state", "check", "--store", url)[0] == "the state is sound\n"
