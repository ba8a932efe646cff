# SPDX-License-Identifier: Apache-2.0
"""EASRulesFile: devices kept out, held back until somebody decides, bound to versions, and given policies."""
import os
import subprocess

from easlib.client import VERSIONS
from easlib.mark import every, rows
from easlib.site import HTTPD
from easlib.wbxml import Provision as P
from easlib.wbxml import Settings as S

from test_b07_access import decide, known, record, refused


@every()
def test_block(phone, user, site, version):
    r = phone(version, ready=False, server=site.rules, device_type="BlockMe")
    assert refused(r.device.foldersync(), version, 129, 403)


@every()
def test_quarantine(phone, user, site, version):
    """It waits, its user and the administrator hear of it once, and it comes in when it is let in."""
    r = phone(version, ready=False, server=site.rules, device_type="WaitForMe")
    for _ in range(3):
        assert refused(r.device.foldersync(), version, 129, 403)
    assert known(site, r)["access"] == "quarantine" and record(site, r) == ["quarantine"]
    (mail,) = user.mail_named("A device waits to be let in")
    assert r.device.device_id in user.source(mail["id"]).get_content()
    decide(site, r, "access", "allow")
    r.device.provision()
    assert r.device.foldersync().code == "1"


@rows("version", [(v, v) for v in VERSIONS])
def test_max_version(phone, user, site, version):
    r = phone(version, ready=False, server=site.rules, device_type="OldOne")
    if float(version) > 14.1:
        assert r.device.foldersync().code == "138"
        return
    r.device.provision()
    assert r.device.foldersync().code == "1"


def test_options_offer_what_is_allowed(phone, user, site):
    r = phone("14.1", ready=False, server=site.rules, device_type="OldOne")
    a = r.device.options("Cmd=OPTIONS&User=x&DeviceId=OLD1&DeviceType=OldOne")
    assert a.header("MS-ASProtocolVersions") == "2.5,12.0,12.1,14.0,14.1"
    assert r.device.options().header("MS-ASProtocolVersions").endswith("16.1")


@every("12.0")
def test_policy_is_told_and_must_be_kept(phone, user, site, version):
    r = phone(version, ready=False, server=site.rules)
    d = r.device
    one = d.provision_1()
    doc = one.doc["Policies/Policy/Data/EASProvisionDoc"]
    assert doc.val("DevicePasswordEnabled") == "1" and doc.val("MinDevicePasswordLength") == "6"
    assert doc.val("AttachmentsEnabled") == "1"
    key = one.doc.val("Policies/Policy/PolicyKey")
    for status, wanted in (("2", "139"), ("3", "139"), ("4", "145")):
        a = d.provision_2(key, status)
        assert a.code == wanted if float(version) >= 14 else a.status == 403
    d.provision_2(key)
    d.policy_key = "0"
    d.provision()
    assert d.foldersync().code == "1"


def test_25_is_told_of_the_password(phone, user, site):
    d = phone("2.5", ready=False, server=site.rules).device
    assert 'name="4131" value="0"' in d.provision_1().doc.val("Policies/Policy/Data")


def test_other_policy_means_provision_again(phone, user, site):
    """The key that a device has from one place is not good where the policy is another."""
    r = phone("14.1")
    assert r.device.foldersync().code == "1"
    moved = phone("14.1", ready=False, server=site.rules, device_id=r.device.device_id)
    moved.device.policy_key = r.device.policy_key
    assert moved.device.foldersync().code == "143"


def test_model_is_known_once_told(phone, user, site):
    r = phone("14.1", ready=False, server=site.rules)
    r.device.provision()
    assert r.device.foldersync().code == "1"
    a = r.device.settings(S.DeviceInformation(S.Set(S.Model("Brick 3"))))
    assert a.code == "1"
    assert r.device.foldersync().code == "129"
    assert r.device.cmd("Provision", P.Provision()).code == "129"


@rows("text,fault", [("rule", "[rules]\nlet user=x\n", "line 2: let: a rule begins with"),
                     ("policy", "[policy p]\nAllowTea = 1\n", "line 2: no setting is called AllowTea")])
def test_configtest_tells_what_is_wrong(site, text, fault):
    bad = os.path.join(site.folder, "bad.conf")
    with open(bad, "w", encoding="utf-8") as f:
        f.write(text)
    with open(site.httpd.conf, encoding="utf-8") as f:
        conf = f.read() + f"<Location /bad>\n    EASRulesFile {bad}\n</Location>\n"
    path = os.path.join(site.folder, "bad-httpd.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write(conf)
    done = subprocess.run([HTTPD, "-t", "-d", site.folder, "-f", path], capture_output=True, text=True, check=False)
    assert done.returncode != 0 and bad in done.stderr and fault in done.stderr, done.stderr
