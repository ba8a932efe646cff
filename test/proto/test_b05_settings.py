# SPDX-License-Identifier: Apache-2.0
"""Settings (MS-ASCMD 2.2.1.18)."""
import pytest

from easlib.mark import every
from easlib.wbxml import RightsManagement, Settings as S  # noqa: F401


@every("12.0")
def test_device_information(phone, version):
    a = phone(version).device.settings_device()
    assert a.code == "1" and a.doc.val("DeviceInformation/Status") == "1", a


@every("12.0")
def test_user_information(phone, user, version):
    a = phone(version, user=user).device.settings_userinfo()
    info = a.doc["UserInformation"]
    assert a.code == "1" and info.val("Status") == "1", a
    if float(version) >= 14.1:
        accounts = info.all("Get/Accounts/Account")
        assert len(accounts) == 1 and "AccountId" not in accounts[0]
        addresses = accounts[0]["EmailAddresses"]
        assert addresses.val("PrimarySmtpAddress", addresses.val("SMTPAddress")) == user.address
    else:
        addresses = info["Get/EmailAddresses"]
        assert "Accounts" not in info["Get"]
    assert user.address in [e.text for e in addresses]


@every("12.0")
def test_several_in_request_order(phone, version):
    d = phone(version).device
    a = d.settings(S.UserInformation(S.Get()), d.device_information())
    assert a.code == "1" and [e.tag for e in a.doc] == ["Status", "UserInformation", "DeviceInformation"], a
    for part in list(a.doc)[1:]:
        assert part.children[0].tag == "Status" and part.val("Status") == "1"


@every("12.0")
def test_oof_get(phone, version):
    """Either the whole Oof with one message per audience, or a Status that says why not."""
    a = phone(version).device.settings(S.Oof(S.Get(S.BodyType("Text"))))
    oof = a.doc["Oof"]
    assert a.code == "1" and oof.children[0].tag == "Status"
    if oof.val("Status") == "1":
        assert oof.val("Get/OofState") in ("0", "1", "2")
    else:
        assert oof.val("Status") in ("3", "4", "6", "7") and len(oof.children) == 1, a


@every("12.0")
def test_device_password(phone, version):
    a = phone(version).device.settings(S.DevicePassword(S.Set(S.Password("1234"))))
    assert a.code == "1" and a.doc.val("DevicePassword/Status") in ("1", "3", "7"), a


@every("14.1")
def test_rights_management(phone, version):
    a = phone(version).device.settings(S.RightsManagementInformation(S.Get()))
    assert a.code == "1" and a.doc.val("RightsManagementInformation/Status") in ("1", "168"), a


@every("12.0")
@pytest.mark.parametrize("parts", [(), (S.UserInformation(),), (S.DeviceInformation(),), (S.Status("1"),)],
                         ids=["nothing", "no Get", "no Set", "Status"])
def test_malformed(phone, version, parts):
    a = phone(version).device.settings(*parts)
    if a.status == 200:
        wrong = [a.code] + [e.val("Status") for e in a.doc if e.children]
        assert any(s in ("2", "5", "103") for s in wrong), a
    else:
        assert a.status == 400 and float(version) < 14, a


def test_not_in_2_5(phone):
    a = phone("2.5").device.cmd("Settings", S.Settings(S.UserInformation(S.Get())))
    assert a.status in (400, 501), a
