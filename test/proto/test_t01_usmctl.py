# SPDX-License-Identifier: Apache-2.0
"""usmctl(8): the built program against the site's store and servers, after real syncs."""
import glob
import json
import os
import re
import sqlite3
import subprocess

import pytest

from easlib import wbxml as w
from easlib.items import contact, mime
from easlib.site import BUILD, TOP

USMCTL = os.path.join(BUILD, "libusm", "tools", "usmctl")
GOLDEN = sorted(glob.glob(os.path.join(TOP, "test", "golden", "*.wbxml")))
WANTED = {"store", "server", "tls", "login", "capabilities"}


def ctl(*args, code=0, data=b""):
    """Runs usmctl; returns what it wrote to standard output and error."""
    r = subprocess.run([USMCTL, *args], input=data, capture_output=True, timeout=60, check=False)
    out, err = r.stdout.decode(), r.stderr.decode()
    assert r.returncode == code, (args, r.returncode, out, err)
    assert "Sanitizer" not in err and "runtime error" not in err, err
    assert bool(err) == (code != 0 and args[0] != "check"), (args, err)
    return out, err


# ---- decode -----------------------------------------------------------------------------------

def golden(path):
    """Bytes of a golden document, which is kept in hexadecimal."""
    with open(path, encoding="ascii") as f:
        return bytes.fromhex(f.read())


@pytest.mark.parametrize("path", GOLDEN, ids=os.path.basename)
def test_decode_names_every_element(path):
    with open(path[:-6] + ".txt", encoding="utf-8") as f:
        tags = re.findall(r"<(?:\w+:)?(\w+)[ />]", f.read())
    raw = golden(path)
    out, _ = ctl("decode", "--hex", path)
    assert tags and re.findall(r"<(\w+)[ />]", out) == tags
    assert ctl("decode", data=raw)[0] == out == ctl("decode", "-", data=raw)[0]
    assert ctl("decode", "--hex", data=raw.hex(" ", 4).upper().encode() + b"\n")[0] == out


def test_decode_masks_secrets():
    path = os.path.join(TOP, "test", "golden", "019-provision-answer.wbxml")
    for args, shown in (((), False), (("--mask",), False), (("--show-secrets",), True)):
        out, _ = ctl("decode", "--hex", *args, path)
        assert ("2345678901" in out) == shown and ("***" in out) != shown, out
    ctl("decode", "--hex", "--mask", "--show-secrets", path, code=2)


def test_decode_tells_where_a_document_is_malformed():
    good = w.encode(w.FolderHierarchy.FolderSync(w.FolderHierarchy.SyncKey("0")))
    for n in range(len(good)):
        out, err = ctl("decode", data=good[:n], code=1)
        m = re.match(r"usmctl: -: .* at byte (\d+)", err)
        assert m and int(m.group(1)) <= n, (n, err)
        assert "<!--" in out
    at = good.index(b"\x52")  # SyncKey with content; nothing is 0x3f on its page
    for bad, place in ((good[:at] + b"\x7f" + good[at + 1:], at), (good + b"!", len(good))):
        assert f"at byte {place}" in ctl("decode", data=bad, code=1)[1]
    for text, what in ((b"03 01 6a 0x", "byte 10"), (b"030", "odd")):
        assert what in ctl("decode", "--hex", data=text, code=1)[1]
    ctl("decode", "/nowhere/at all", code=1)


# ---- schema -----------------------------------------------------------------------------------

def test_schema(tmp_path):
    path = tmp_path / "x.db"
    url = f"sqlite:{path}"
    ctl("schema", "--store", url, code=1)
    assert not path.exists(), "looking must not make the file"
    out, _ = ctl("schema", "--store", url, "--upgrade")
    assert "tables were made" in out
    out, _ = ctl("schema", "--store", url)
    m = re.match(r"database: schema version (\d+)\nlibrary: schema version (\d+)\n$", out)
    assert m and m.group(1) == m.group(2)
    assert "nothing to do" in ctl(f"--store={url}", "schema", "--upgrade")[0]
    db = sqlite3.connect(path)
    for version, what in (("9999", "newer"), ("NULL", "no tables")):
        db.execute("DELETE FROM usm_schema")
        if version != "NULL":
            db.execute(f"INSERT INTO usm_schema (id, version) VALUES (1, {version})")
        db.commit()
        for cmd in (["schema"], ["devices"], ["reset", "--user", "1/1", "--device", "x", "--yes"]):
            assert what in ctl(*cmd, "--store", url, code=1)[1]
        assert db.execute("SELECT COUNT(*) FROM usm_schema").fetchone()[0] == (version != "NULL")
    ctl("schema", "--store", url, "--upgrade")
    assert ctl("devices", "--store", url, "--json") == ("[]\n", "")
    db.close()


# ---- devices, reset ---------------------------------------------------------------------------

def listed(site, *args):
    return json.loads(ctl("--store", site.store_url, "devices", "--json", *args)[0])


def test_devices_and_reset(site, user, other_user, phone):
    for i in range(3):
        user.deliver(mime("b@example.org", user.address, f"M{i}"))
    r = phone("14.1", user=user, device_id="CTLDEV1", device_type='A"\\ü')
    mails, contacts = r.folder(2), r.folder(9)
    r.sync(mails)
    r.sync(contacts)
    r.add(contacts, contact("14.1", "F", "N"))
    phone("16.1", user=user, device_id="CTLDEV2")
    phone("14.1", user=other_user, device_id="CTLDEV1")

    mine = [d for d in listed(site) if d["device"] == "CTLDEV1"]
    assert len(mine) == 2
    (d,) = [d for d in mine if d["collections"]]
    assert (d["collections"], d["items"], d["type"]) == (2, 4, 'A"\\ü'), d
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", d["first_seen"]) and d["first_seen"] <= d["last_seen"]
    key = d["user"]
    assert [x["device"] for x in listed(site, "--user", key)] == ["CTLDEV1", "CTLDEV2"]
    lines = ctl("devices", "--user", key, "--store", site.store_url)[0].splitlines()
    assert len(lines) == 3 and lines[0].split()[:3] == ["USER", "DEVICE", "TYPE"]
    assert lines[1].split() == [key, "CTLDEV1", 'A"\\ü', d["first_seen"], d["last_seen"], "2", "4", "-", "-"]
    assert len({len(line) for line in lines}) == 1, "columns must stand below each other"
    ctl("devices", "--user", "no/body", "--store", site.store_url, code=1)

    reset = ["reset", "--store", site.store_url, "--user", key, "--device"]
    ctl(*reset, "CTLDEV1", code=2, data=b"y\n")  # nobody at a terminal
    ctl(*reset, "CTLDEV9", "--yes", code=1)
    ctl("reset", "--store", site.store_url, "--user", key, "--yes", code=2)
    assert len(listed(site, "--user", key)) == 2
    ctl(*reset, "CTLDEV1", "--yes")
    assert [x["device"] for x in listed(site, "--user", key)] == ["CTLDEV2"]
    assert len([d for d in listed(site) if d["device"] == "CTLDEV1"]) == 1, "the other user's stays"

    again = phone("14.1", user=user, device_id="CTLDEV1")
    again.sync(again.folder(2))
    assert again.texts(again.folder(2), "Email:Subject") == ["M0", "M1", "M2"]


def test_no_control_characters_reach_a_terminal(tmp_path):
    url = f"sqlite:{tmp_path}/x.db"
    ctl("schema", "--store", url, "--upgrade")
    db = sqlite3.connect(f"{tmp_path}/x.db")
    db.execute("INSERT INTO usr (user_key, last_fid) VALUES ('1/1', 0)")
    db.execute("INSERT INTO device (usr, device_id, device_type, policy_key, policy_digest, pending_key, pending_digest,"
               " created, seen) VALUES (1, 'D', char(27) || '[2Ja' || char(155) || 'b' || char(10) || 'c', 0, '', 0, '',"
               " 0, 1700000000123)")
    db.commit()
    db.close()
    (d,) = json.loads(ctl("devices", "--store", url, "--json")[0])
    assert (d["type"], d["first_seen"], d["last_seen"]) == ("[2Ja?b?c", None, "2023-11-14T22:13:20Z")
    out = ctl("devices", "--store", url)[0]
    assert "[2Ja?b?c" in out and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out) and out.count("\n") == 2


# ---- check ------------------------------------------------------------------------------------

def check(site, password, *args, code=0, store=None):
    out, _ = ctl("check", "--store", store or site.store_url, *args, data=password.encode() + b"\n", code=code)
    found = {m[2]: (m[1], m[3]) for m in re.finditer(r"^(ok|fault) +(\w+) +(.*)$", out, re.M)}
    assert set(found) == WANTED and len(out.splitlines()) == len(WANTED), out
    return found


def faults(found):
    return {name for name, (verdict, _) in found.items() if verdict == "fault"}


def test_check_all_is_well(site, umlaut_user, tmp_path):
    u = umlaut_user
    assert not faults(check(site, u.password, "--ox", site.ox.url, "--user", u.name))
    secret = tmp_path / "secret"
    secret.write_text(u.password + "\r\nnot this\n", encoding="utf-8")
    assert not faults(check(site, "", "--ox", site.ox.url[:-1], "--user", u.name, "--password-file", str(secret)))


@pytest.mark.parametrize("what,faulty", [
    ("password", {"login", "capabilities"}),
    ("path", {"login", "capabilities"}),
    ("port", {"server", "tls", "login", "capabilities"}),
    ("store", {"store"}),
])
def test_check_finds(site, user, what, faulty):
    url = site.ox.url
    if what == "port":
        url = "http://127.0.0.1:1/ajax/"
    elif what == "path":
        url = url.replace("/ajax/", "/elsewhere/")
    found = check(site, user.password + "x" * (what == "password"), "--ox", url, "--user", user.name, code=1,
                  store="sqlite:/nowhere/x.db" if what == "store" else None)
    assert faults(found) == faulty, found


def test_check_missing_capabilities(site, no_eas_user):
    u = no_eas_user
    found = check(site, u.password, "--ox", site.ox.url, "--user", u.name, code=1)
    assert faults(found) == {"capabilities"} and "active_sync" in found["capabilities"][1]
    assert not faults(check(site, u.password, "--ox", site.ox.url, "--user", u.name, "--capabilities", ""))


def test_check_tls(site, user):
    """httpd's own TLS port stands for an OX server whose certificate nobody knows."""
    url = f"https://localhost:{site.httpd.tls}/ajax/"
    args = ["--ox", url, "--user", user.name]
    unknown = check(site, user.password, *args, code=1)
    assert faults(unknown) == {"tls", "login", "capabilities"} and "not tried" in unknown["login"][1]
    known = check(site, user.password, *args, "--ca", os.path.join(site.folder, "cert.pem"), code=1)
    assert faults(known) == {"login", "capabilities"} and "verified" in known["tls"][1]
    assert check(site, user.password, *args, "--insecure", code=1)["tls"] == ("ok", "not checked, as told")


# ---- settings and the command line ------------------------------------------------------------

def test_settings_from_httpds_configuration(site, user, tmp_path):
    conf = tmp_path / "eas.conf"
    text = f'<Location "/x">\n  easstore \\\n   "{site.store_url}"\n  EASOxUrl {site.ox.url} \n</Location>\n'
    conf.write_text("#EASStore none\n" + text, encoding="utf-8")
    ctl("schema", "--conf", str(conf))
    assert not faults({m[2]: (m[1], "") for m in re.finditer(
        r"^(\w+) +(\w+)", ctl("check", "--conf", str(conf), "--user", user.name, data=user.password.encode())[0], re.M)})
    conf.write_text(text + "EASStore sqlite:/other\n", encoding="utf-8")
    assert f"{conf}:6: EASStore has another value" in ctl("schema", "--conf", str(conf), code=1)[1]
    ctl("schema", "--conf", str(conf), "--store", site.store_url)
    for line, what in (("EASStore sqlite:${DIR}/x", "computed"), ("EASOxCAFile conf/ca.pem", "relative"),
                       ("EASOxInsecure maybe", "on or off"), ("#" * 9000, "too long")):
        conf.write_text(text + line + "\n", encoding="utf-8")
        args = ["--store", site.store_url] if "CAFile" in line else []
        assert what in ctl("schema", "--conf", str(conf), *args, code=1)[1]
    ctl("schema", "--conf", str(tmp_path / "none"), code=1)


@pytest.mark.parametrize("args", [[], ["frobnicate"], ["--frobnicate"], ["version", "--json"], ["version", "x"],
                                  ["decode", "a", "b"], ["version", "--help=x"], ["schema", "--store"], ["check", "--user", "a"],
                                  ["devices", "--user", "a", "--user", "b"], ["check", "--ox", "ftp://x", "--user", "a"]],
                         ids=" ".join)
def test_wrong_command_line(args):
    r = subprocess.run([USMCTL, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert r.returncode == 2 and r.stderr and not r.stdout


def test_version_and_help():
    out, _ = ctl("version")
    assert re.fullmatch(r"usmctl [\d.]+, libusm [\d.]+, schema version \d+\n", out)
    text, _ = ctl("--help")
    with open(os.path.join(TOP, "libusm", "tools", "usmctl.8"), encoding="utf-8") as f:
        manual = f.read().replace("\\-", "-")
    options = set(re.findall(r"--[a-z-]+", text)) - {"--help"}
    assert len(options) > 10 and options <= set(re.findall(r"--[a-z-]+", manual))
    for command in re.findall(r"^  ([a-z]+) ", text, re.M):
        assert f".SS {command}\n" in manual
    with open("/dev/full", "wb") as full:
        assert subprocess.run([USMCTL, "version"], stdout=full, stderr=subprocess.DEVNULL, check=False).returncode == 1
