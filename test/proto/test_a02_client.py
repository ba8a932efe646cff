# SPDX-License-Identifier: Apache-2.0
"""The client of the tests itself, as far as it needs no server."""
import base64

import pytest

from easlib import wbxml as w
from easlib.client import Answer, Device, ProtocolFault, expect, versions
from easlib.items import zone
from easlib.replica import Replica, Turn
from easlib.site import ErrorLog
from easlib.wbxml import AirSync as A

NOWHERE = None
OK = [("Content-Type", "application/vnd.ms-sync.wbxml")]


def answer(doc, version="14.1", headers=OK):
    body = w.encode(doc) if doc is not None else b""
    return Answer(200, headers + [("Content-Length", str(len(body)))], body, version, "POST")


def test_worked_example_of_the_base64_query():
    d = Device(NOWHERE, "u", "p", "14.0", "v140Device", "SmartPhone", query="base64")
    assert base64.b64encode(d.base64_fields("Sync")) == b"jAAJBAp2MTQwRGV2aWNlAApTbWFydFBob25l"


def test_order_of_versions():
    assert versions("12.1", "14.1") == ["12.1", "14.0", "14.1"]


@pytest.mark.parametrize("make", [
    lambda: answer(None, headers=[("Content-Encoding", "gzip")]),
    lambda: Answer(200, [], b"", "14.1", "POST"),
    lambda: answer(A.Sync(A.Status("141")), "12.1"),
    lambda: answer(A.Sync(A.HeartbeatInterval("60")), "12.1"),
    lambda: Answer(200, OK, b"\x03\x01\x6a\x00\x45", "14.1", "POST"),
])
def test_broken_answers_are_noticed(make):
    with pytest.raises(ProtocolFault):
        make()


def test_expect_knows_both_wordings():
    expect(answer(A.Sync(A.Status("142"))), 142, 449)
    expect(Answer(449, [], b"", "12.1", "POST"), 142, 449)
    with pytest.raises(AssertionError):
        expect(answer(A.Sync(A.Status("144"))), 142, 449)


def sync_answer(*commands, key="2", more=False):
    return answer(A.Sync(A.Collections(A.Collection(
        A.SyncKey(key), A.CollectionId("5"), A.Status("1"), A.MoreAvailable() if more else None,
        A.Commands(*commands) if commands else None))))


def item(tag, sid, *data):
    return getattr(A, tag)(A.ServerId(sid), A.ApplicationData(*data) if data else None)


def test_replica_notices_what_a_phone_stumbles_over():
    r = Replica(Device(NOWHERE, "u", "p"))
    c = r.open("5", "Contacts")
    add = item("Add", "5:1", w.Contacts.FirstName("A"))
    r.apply(c, Turn(sync_answer(add), "5"))
    assert not r.faults and c.key == "2" and len(c.items) == 1
    r.apply(c, Turn(sync_answer(add), "5"))
    r.apply(c, Turn(sync_answer(item("Change", "5:9", w.Contacts.FirstName("B"))), "5"))
    r.apply(c, Turn(sync_answer(item("Delete", "5:9")), "5"))
    r.apply(c, Turn(sync_answer(more=True), "5"))
    assert len(r.faults) == 4, r.faults


@pytest.mark.parametrize("line,bad", [
    ("[warn] [eas:12] EAS00007: something", 1), ("[error] [ssl:error:1] x", 1), ("[info] [eas:12] EAS00001: fine", 0),
    ("[notice] [core:9] AH00052: child pid 77 exit signal Segmentation fault (11)", 1),
    ("==77==ERROR: AddressSanitizer: heap-use-after-free", 1), ("x.c:3: runtime error: shift", 1),
    ("[error] [eas:12] EAS00008: announced", 0)])
def test_error_log_is_a_judge(tmp_path, line, bad):
    path = tmp_path / "error.log"
    path.write_text("[emerg] [eas:1] before the test\n")
    log = ErrorLog(str(path))
    log.allow("EAS00008")
    with open(path, "a", encoding="utf-8") as f:
        f.write(line + "\n")
    assert len(log.faults()) == bad
    log.expect_lognos("EAS00099")
    assert any("EAS00099" in f for f in log.faults())


def test_zone_blob():
    assert len(zone()) == 232 and zone(480, None, None).startswith("4AEAAA")
