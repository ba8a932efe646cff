# SPDX-License-Identifier: Apache-2.0
"""Commands that are not there: never built, not in this version, not a command at all."""
import pytest

from easlib import wbxml as w
from easlib.client import COMMAND_CODES
from easlib.mark import every
from easlib.wbxml import AirSync as A, ItemOperations, MeetingResponse, Move, ResolveRecipients, Search, ValidateCert

ROOT = {"MoveItems": Move.MoveItems(), "ItemOperations": ItemOperations.ItemOperations(), "Search": Search.Search(),
        "MeetingResponse": MeetingResponse.MeetingResponse(),
        "ResolveRecipients": ResolveRecipients.ResolveRecipients(),
        "ValidateCert": ValidateCert.ValidateCert()}


def refused(answer, eas, http):
    if float(answer.version) >= 14:
        assert answer.status == 200 and answer.code == str(eas), answer
    else:
        assert answer.status == http, answer


@every()
@pytest.mark.parametrize("name", ["NoSuchCommand", "sync ", "", "Sync;ls", "X" * 3000])
def test_no_command_at_all(phone, version, name):
    a = phone(version, query="plain").device.cmd(name, b"")
    assert a.status in (400, 414, 501) or a.code == "137", a


@every()
@pytest.mark.parametrize("name", sorted(ROOT))
def test_not_built_says_so(phone, version, name):
    """What OPTIONS does not list is refused as such; what it lists is answered."""
    d = phone(version).device
    built = d.options().header("MS-ASProtocolCommands").split(",")
    a = d.cmd(name, ROOT[name])
    if name in built:
        assert a.status == 200 and a.code not in ("137",) or a.status == 400, a
    else:
        refused(a, 137, 501)


@pytest.mark.parametrize("name", ["GetAttachment", "GetHierarchy"])
@every("14.0")
def test_gone_since_14(phone, version, name):
    """No document of the version could carry a status, so HTTP says it: 501 never built, 400 not in this version."""
    d = phone(version, query="plain").device
    built = name in d.options().header("MS-ASProtocolCommands").split(",")
    assert d.cmd(name, None).status == (400 if built else 501)


@every("12.1")
@pytest.mark.parametrize("code", [5, 6, 7, 8, 24, 99, 255])
def test_unknown_command_code(phone, version, code):
    d = phone(version, query="base64").device
    COMMAND_CODES["Unknown"] = code
    try:
        a = d.cmd("Unknown", b"")
    finally:
        del COMMAND_CODES["Unknown"]
    assert a.status in (400, 501) or a.code in ("137", "138"), a


@every()
def test_unknown_element_is_no_fault_of_the_server(phone, version):
    """A known tag at a place where it makes no sense."""
    r = phone(version)
    a = r.device.cmd("Sync", A.Sync(A.Collections(A.Collection(
        A.SyncKey("0"), A.CollectionId(r.folder(9)), w.Tasks.Subject("here?")))))
    assert a.status in (200, 400), a
