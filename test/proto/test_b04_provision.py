# SPDX-License-Identifier: Apache-2.0
"""Provision: two keys, and what happens without them (MS-ASPROV)."""
import pytest

from easlib.client import expect
from easlib.mark import every
from easlib.wbxml import Provision as P


def policy(answer):
    return answer.doc["Policies/Policy"]


@every()
def test_two_keys(phone, version):
    d = phone(version, ready=False).device
    one = d.provision_1()
    temporary = policy(one).val("PolicyKey")
    assert one.code == "1" and policy(one).val("Status") == "1" and policy(one).val("PolicyType") == d.policy_type
    data = policy(one)["Data"]
    if version == "2.5":
        assert "<wap-provisioningdoc>" in data.text, data
    else:
        assert "EASProvisionDoc" in data
    two = d.provision_2(temporary)
    final = policy(two).val("PolicyKey")
    assert two.code == "1" and policy(two).val("Status") == "1" and "Data" not in policy(two)
    for key in (temporary, final):
        assert key.isdigit() and 0 < int(key) < 2**32
    assert temporary != final
    expect(d.foldersync(), 144, 449)
    d.policy_key = final
    assert d.foldersync().code == "1"


@every()
def test_without_key(phone, version):
    d = phone(version, ready=False).device
    expect(d.foldersync(), 142, 449)
    d.policy_key = "4711"
    a = d.foldersync()
    if d.v >= 14:
        assert a.status == 200 and a.code in ("142", "144"), a
    else:
        assert a.status == 449


@every()
def test_not_asked_for_ping_and_options(phone, version):
    d = phone(version, ready=False).device
    assert d.options().status == 200
    assert d.ping().code == "3"


@every("14.1")
def test_device_information_is_required(phone, version):
    a = phone(version, ready=False).device.provision_1(information=False)
    assert a.status == 200 and a.code == "165", a


@every("14.1")
def test_device_information_is_answered(phone, version):
    a = phone(version, ready=False).device.provision_1()
    assert a.doc.val("DeviceInformation/Status") == "1", a


@every()
def test_wrong_key_acknowledged(phone, version):
    d = phone(version, ready=False).device
    d.provision_1()
    a = d.provision_2("12345")
    assert a.status == 200 and policy(a).val("Status") == "5" and "PolicyKey" not in policy(a), a
    expect(d.foldersync(), 144, 449)


@every()
def test_temporary_key_works_once(phone, version):
    """A lost answer may be asked for again; a foreign key may not be made final twice."""
    d = phone(version, ready=False).device
    key = policy(d.provision_1()).val("PolicyKey")
    first = policy(d.provision_2(key))
    assert first.val("Status") == "1"
    again = policy(d.provision_2(key))
    d.policy_key = (again if again.val("Status") == "1" else first).val("PolicyKey")
    assert d.foldersync().code == "1"


@every()
def test_fresh_keys_each_time(phone, version):
    d = phone(version, ready=False).device
    keys = []
    for _ in range(3):
        one, two = d.provision()
        keys += [policy(one).val("PolicyKey"), policy(two).val("PolicyKey")]
    assert len(set(keys)) == 6
    d.policy_key = keys[1]
    expect(d.foldersync(), 144, 449)


@every()
def test_unknown_policy_type(phone, version):
    d = phone(version, ready=False).device
    a = d.cmd("Provision", P.Provision(d.device_information() if d.v >= 14.1 else None,
                                       P.Policies(P.Policy(P.PolicyType("No-Such-Type")))))
    assert a.status == 200 and policy(a).val("Status") == "3", a


@every()
def test_no_policy_type(phone, version):
    d = phone(version, ready=False).device
    a = d.cmd("Provision", P.Provision(d.device_information() if d.v >= 14.1 else None, P.Policies(P.Policy())))
    assert a.status == 200 and a.code == "2", a


@every()
def test_keys_of_another_device(phone, user, version):
    one, two = phone(version, user=user), phone(version, user=user, ready=False)
    two.device.policy_key = one.device.policy_key
    a = two.device.foldersync()
    assert a.status == 449 if two.device.v < 14 else a.code in ("142", "144"), a
    assert one.device.foldersync().code == "1"


@every()
def test_keys_of_another_user(phone, user, other_user, version):
    """Same device id, other user: another partnership."""
    one = phone(version, user=user)
    two = phone(version, user=other_user, device_id=one.device.device_id, ready=False)
    two.device.policy_key = one.device.policy_key
    a = two.device.foldersync()
    assert a.status == 449 if two.device.v < 14 else a.code in ("142", "144"), a


@pytest.mark.parametrize("status", ["2", "3", "4"])
@every("12.0")
def test_partly_applied(phone, version, status):
    """Either the device is let in with a key, or refused with the code for it; never neither."""
    d = phone(version, ready=False).device
    a = d.provision_2(policy(d.provision_1()).val("PolicyKey"), status)
    assert a.status == 200, a
    if a.code == "1":
        d.policy_key = policy(a).val("PolicyKey")
        assert d.foldersync().code == "1"
    else:
        assert a.code == ("145" if status == "4" else "139") and d.v >= 14, a


@every("12.1")
def test_base64_query_carries_the_key(phone, version):
    d = phone(version, query="base64").device
    assert d.foldersync().code == "1"
    d.policy_key = "99"
    a = d.foldersync()
    assert a.status == 449 if d.v < 14 else a.code in ("142", "144"), a


def test_fm55_validate_is_answered(phone):
    """AOSP checks accounts with this id and never comes back."""
    d = phone("14.1", ready=False, device_id="validate").device
    a = d.foldersync()
    assert a.status == 200 and a.code in ("1", "142"), a


@every("12.0")
def test_fm53_policy_is_permissive_and_consistent(phone, version):
    doc = policy(phone(version, ready=False).device.provision_1())["Data/EASProvisionDoc"]
    assert doc.val("DevicePasswordEnabled", "0") == "0"
    for e in doc:
        if e.tag.startswith("Require"):
            assert e.text in ("", "0"), e
        if e.tag.startswith("Allow") and e.tag != "AllowSMIMEEncryptionAlgorithmNegotiation":
            assert e.text in ("", "1", "2"), e
