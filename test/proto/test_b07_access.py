# SPDX-License-Identifier: Apache-2.0
"""Devices kept out and wiped by usmctl, as the device sees it, and the record of it."""
import json

from easlib.mark import every, rows
from easlib.wbxml import Provision as P

from test_t01_usmctl import ctl


def known(site, r):
    """The device as usmctl lists it."""
    listed = json.loads(ctl("devices", "--store", site.store_url, "--json")[0])
    (row,) = [d for d in listed if d["device"] == r.device.device_id]
    return row


def decide(site, r, *words):
    row = known(site, r)
    return ctl(*words, "--store", site.store_url, "--user", row["user"], "--device", row["device"])


def record(site, r):
    row = known(site, r)
    listed = json.loads(ctl("audit", "--store", site.store_url, "--user", row["user"], "--json")[0])
    return [d["action"] for d in listed if d["device"] == row["device"]]


def foldersync(r):
    return r.device.foldersync()


def refused(answer, version, status, http):
    return answer.code == str(status) if float(version) >= 14 else answer.status == http


@every()
def test_block_and_allow(phone, user, site, version):
    r = phone(version)
    other = phone(version)
    decide(site, r, "access", "block")
    assert refused(foldersync(r), version, 129, 403)
    assert foldersync(other).code == "1"
    decide(site, r, "access", "clear")
    assert foldersync(r).code == "1"
    assert record(site, r) == ["block", "clear"]


@every()
def test_wipe(phone, user, site, log, version):
    """Every command says so, Provision tells it, the device reports, and stays out until it is let in."""
    r = phone(version)
    other = phone(version)
    decide(site, r, "wipe", "--yes")
    assert refused(foldersync(r), version, 140, 449)
    a = r.device.cmd("Provision", P.Provision())
    assert a.status == 200 and a.code == "1" and a.doc.get("RemoteWipe") is not None
    assert known(site, r)["wipe"] == "told"
    assert foldersync(other).code == "1"
    a = r.device.cmd("Provision", P.Provision(P.RemoteWipe(P.Status("1"))))
    assert a.code == "1" and a.doc.get("RemoteWipe") is None
    assert known(site, r)["wipe"] == "done"
    assert refused(foldersync(r), version, 129, 403)
    decide(site, r, "wipe", "--cancel")
    assert foldersync(r).code == "1"
    assert record(site, r) == ["wipe", "wipe-sent", "wipe-done", "wipe-clear"]


def test_wipe_without_key(phone, user, site):
    """A device that has no policy key is told in another way."""
    r = phone("12.1")
    decide(site, r, "wipe", "--yes")
    r.device.policy_key = None
    assert foldersync(r).status == 403


@rows("version", [(v, v) for v in ("14.1", "16.0", "16.1")])
def test_account_only(phone, user, site, version):
    """Never the whole device instead."""
    r = phone(version)
    decide(site, r, "wipe", "--account-only", "--yes")
    if version != "16.1":
        assert foldersync(r).code == "129"
        assert r.device.cmd("Provision", P.Provision()).code == "129"
        return
    assert foldersync(r).code == "140"
    a = r.device.cmd("Provision", P.Provision())
    assert a.doc.get("AccountOnlyRemoteWipe") is not None and a.doc.get("RemoteWipe") is None
    a = r.device.cmd("Provision", P.Provision(P.AccountOnlyRemoteWipe(P.Status("1"))))
    assert a.code == "1" and known(site, r)["wipe"] == "done (account)"


def test_failed_wipe_is_asked_again(phone, user, site):
    r = phone("14.1")
    decide(site, r, "wipe", "--yes")
    a = r.device.cmd("Provision", P.Provision(P.RemoteWipe(P.Status("2"))))
    assert a.code == "2" and a.doc.get("RemoteWipe") is not None and known(site, r)["wipe"] == "failed"
    decide(site, r, "wipe", "--cancel")
    assert foldersync(r).code == "1"


def test_not_another_users_device(phone, user, other_user, site):
    """The same id on another user's phone is another device."""
    r = phone("14.1")
    twin = phone("14.1", user=other_user, device_id=r.device.device_id)
    listed = json.loads(ctl("devices", "--store", site.store_url, "--json")[0])
    assert len([d for d in listed if d["device"] == r.device.device_id]) == 2
    mine = [d for d in listed if d["device"] == r.device.device_id][0]
    ctl("wipe", "--yes", "--store", site.store_url, "--user", mine["user"], "--device", mine["device"])
    assert sorted([foldersync(r).code, foldersync(twin).code]) == ["1", "140"]
