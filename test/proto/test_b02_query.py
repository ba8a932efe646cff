# SPDX-License-Identifier: Apache-2.0
"""Both query forms name the same device, and broken ones are refused (MS-ASHTTP 2.2.1.1.1)."""
import base64
import json
import os
import subprocess
from urllib.parse import urlencode

import pytest

from easlib import wbxml
from easlib.client import WBXML, expect
from easlib.mark import every, rows
from easlib.replica import Turn
from easlib.site import BUILD
from easlib.wbxml import FolderHierarchy as F

FOLDERSYNC = F.FolderSync(F.SyncKey("0"))


@every()
def test_plain(phone, version):
    assert phone(version).device.foldersync().code == "1"


@every("12.1")
def test_base64(phone, version):
    r = phone(version, query="base64")
    assert r.device.foldersync().code == "1"


@every("12.1")
def test_both_forms_are_one_device(phone, version):
    r = phone(version)
    r.device.query = "base64"
    r.foldersync()
    r.device.query = "plain"
    r.foldersync()


def test_binary_device_id_is_upper_case_hex(phone):
    raw = bytes.fromhex("00ff10203040506070809011a0b0c0d0")
    r = phone("14.1", query="base64", device_id=raw)
    r.device.query, r.device.device_id = "plain", raw.hex().upper()
    r.foldersync()


GUID = "00ff10203040506070809011a0b0c0de"
FORMS = [("plain", GUID), ("plain", GUID.upper()), ("base64", bytes.fromhex(GUID)), ("base64", GUID),
         ("base64", GUID.upper())]


@pytest.mark.parametrize("first", range(len(FORMS)))
def test_guid_in_all_forms_is_one_device(phone, user, site, first):
    """Lower or upper case, text or bytes: policy key, folders and items go on from form to form; one row is stored."""
    query, device_id = FORMS[first]
    r = phone("14.1", user=user, query=query, device_id=device_id)
    cid = r.folder(9)
    r.sync(cid)
    for i, (r.device.query, r.device.device_id) in enumerate(FORMS):
        user.new("contacts", last_name=str(i), display_name=str(i))
        assert r.foldersync().doc.val("Changes/Count") == "0"
        assert len(r.turn(cid).of("Add")) == 1, FORMS[i]
    assert [d for d in devices(site, user) if d.upper() == GUID.upper()] == [GUID.upper()]


def test_guid_of_two_users_is_two_devices(phone, user, other_user, site):
    a, b = phone("14.1", user=user, device_id=GUID), phone("14.1", user=other_user, device_id=GUID.upper())
    for r, u in ((a, user), (b, other_user)):
        u.new("contacts", last_name=u.name, display_name="x")
        r.sync(r.folder(9))
        assert r.texts(r.folder(9), "Contacts:LastName") == [u.name]
    key = a.collections[a.folder(9)].key
    assert Turn(b.device.sync(b.device.collection(key, b.folder(9), get_changes="1")), b.folder(9)).status == "3"
    assert a.turn(a.folder(9)).status == b.turn(b.folder(9)).status == "1"


@every()
def test_fm55_validate_is_never_stored(phone, user, site, version):
    """Android asks with this id whether the account works: answered, and forgotten."""
    d = phone(version, user=user, device_id="validate", ready=False).device
    assert d.options().status == 200
    expect(d.foldersync(), 142, 449)
    assert d.provision_1().code == "1"
    if d.v >= 12:
        assert d.settings_device().code == "1"
    expect(d.sync(d.collection("0", "1", "Contacts")), 142, 449)
    assert devices(site, user) == []


def devices(site, user):
    """Device ids that are stored for a user."""
    user.login()
    usmctl = os.path.join(BUILD, "libusm", "tools", "usmctl")
    done = subprocess.run([usmctl, "devices", "--store", site.store_url, "--json"], capture_output=True, check=True,
                          timeout=60)
    return [d["device"] for d in json.loads(done.stdout) if d["user"].endswith(f"/{user.user_id}")]


@rows("change", [
    ("padding missing", lambda q: q.rstrip("=")),
    ("percent encoded", lambda q: q.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")),
    ("url safe", lambda q: q.replace("+", "-").replace("/", "_")),
])
def test_tolerated_base64(phone, change):
    d = phone("14.1", query="base64", device_type="T~?>>>", device_id="IDab~").device
    q = base64.b64encode(d.base64_fields("FolderSync")).decode()
    a = d.http("POST", d.server.path + "?" + change(q), {"Content-Type": WBXML},
               wbxml.encode(FOLDERSYNC))
    assert a.code == "1", a


def test_order_and_case_of_parameters(phone):
    d = phone("14.1", query="plain").device
    q = f"DeviceType={d.device_type}&deviceid={d.device_id}&USER=someone%5Celse&cmd=FolderSync"
    a = d.http("POST", f"{d.server.path}?{q}", {**d.headers("FolderSync"), "Content-Type": WBXML},
               wbxml.encode(FOLDERSYNC))
    assert a.code == "1", a


@pytest.mark.parametrize("cut", range(0, 33, 4))
def test_truncated_base64(phone, cut):
    """Every length is held against what is left."""
    d = phone("14.1", ready=False, query="base64", device_id="v140Device", device_type="SmartPhone").device
    d.policy_key = "77"
    full = d.base64_fields("FolderSync")
    cut = min(cut, len(full) - 1)
    q = base64.b64encode(full[:cut]).decode()
    a = d.http("POST", d.server.path + "?" + q, body=b"")
    assert a.status in (400, 501) if cut == 0 else a.status == 400, a


@rows("raw", [
    ("id length 0", bytes.fromhex("8d0909040000") + b"\x0aSmartPhone"),
    ("id too long", bytes.fromhex("8d090904ff") + b"abc"),
    ("policy key of 3", bytes.fromhex("8d090904") + b"\x03abc\x03\1\2\3\x01T"),
    ("policy key of 5", bytes.fromhex("8d090904") + b"\x03abc\x05\1\2\3\4\5\x01T"),
    ("parameter too long", bytes.fromhex("8d090904") + b"\x03abc\x00\x01T\x01\x09ab"),
    ("no type", bytes.fromhex("8d090904") + b"\x03abc\x00"),
])
def test_lengths_that_do_not_fit(phone, raw):
    d = phone("14.1", ready=False).device
    a = d.http("POST", d.server.path + "?" + base64.b64encode(raw).decode(), body=b"")
    assert a.status == 400, a


@every()
@rows("params,status", [("no id", {"DeviceId": None}, 108), ("id too long", {"DeviceId": "x" * 33}, 108),
                        ("id with dots", {"DeviceId": "../../etc"}, 108), ("no type", {"DeviceType": None}, 109)])
def test_device_id_and_type(phone, version, params, status):
    d = phone(version, ready=False, query="plain").device
    q = {"Cmd": "FolderSync", "User": d.user, "DeviceId": d.device_id, "DeviceType": d.device_type, **params}
    a = d.http("POST", d.server.path + "?" + urlencode({k: v for k, v in q.items() if v is not None}),
               {**d.headers("FolderSync"), "Content-Type": WBXML}, wbxml.encode(FOLDERSYNC))
    expect(a, status, 400)


@rows("header", [("absent", None), ("14", "14"), ("14.10", "14.10"), ("1.0", "1.0"), ("99", "99.0"),
                ("text", "x" * 300)])
def test_protocol_version_must_be_one_of_ours(phone, header):
    d = phone("14.1", ready=False, query="plain").device
    a = d.cmd("FolderSync", FOLDERSYNC, headers={"MS-ASProtocolVersion": header})
    assert a.status in (400, 505) or a.code == "138", a


@rows("method,status", [("GET", "GET", {405, 501}), ("PUT", "PUT", {405, 501}), ("DELETE", "DELETE", {405, 501}),
                        ("invented", "BREW", {405, 501})])
def test_other_methods(phone, method, status):
    d = phone("14.1", ready=False).device
    assert d.http(method, d.target("FolderSync"), d.headers("FolderSync")).status in status


def test_post_without_query(phone):
    d = phone("14.1", ready=False).device
    assert d.http("POST", d.server.path, {"MS-ASProtocolVersion": "14.1"}, b"").status == 400
