# SPDX-License-Identifier: Apache-2.0
"""The codec of the tests itself: byte forms of MS-ASWBXML, and that it refuses what must be refused."""
import pytest

from easlib import wbxml as w
from easlib.wbxml import AirSync as A, FolderHierarchy as F, Provision as P, Settings as S, ComposeMail as C

FOLDERSYNC_0 = bytes.fromhex("03016a00 0007 56 52 03 30 00 01 01")

FORMS = [
    (F.FolderSync(F.SyncKey("0")), FOLDERSYNC_0),
    # page is document-wide: back to AirSync needs its own switch, END does not restore
    (A.Sync(A.Collections(A.Collection(A.SyncKey("0"), A.CollectionId("5")))),
     bytes.fromhex("03016a00 45 5c 4f 4b 033000 01 52 033500 01 01 01 01")),
    (P.Provision(S.DeviceInformation(S.Set(S.Model("x"))), P.Policies()),
     bytes.fromhex("03016a00 000e 45 0012 56 48 57 037800 01 01 01 000e 06 01")),
    (C.SendMail(C.ClientId("1"), C.SaveInSentItems(), C.Mime(b"A\0B")),
     bytes.fromhex("03016a00 0015 45 51 033100 01 08 50 c303410042 01 01")),
    (A.Sync(A.Collections()), bytes.fromhex("03016a00 45 1c 01")),
]


@pytest.mark.parametrize("row", range(len(FORMS)))
def test_byte_forms(row):
    doc, raw = FORMS[row]
    assert w.encode(doc) == raw
    assert w.decode(raw) == doc


def test_redundant_forms_are_accepted():
    for doc, _ in FORMS:
        assert w.decode(w.encode(doc, redundant=True)) == doc
        assert w.decode(w.encode(doc, split=1)) == doc
    assert w.decode(bytes.fromhex("03016a00 0000 0007 56 52 033000 01 01")) == FORMS[0][0]


def test_every_token_round_trips():
    for r in w.ROWS:
        for e in (w.El(r.name), w.El(r.name, "wert ä€😀"), w.El(r.name, b"\x00\xff")):
            assert w.decode(w.encode(e)) == e, r.name


def test_long_numbers():
    for n in (0, 1, 127, 128, 16383, 16384, 2**21, 2**31, 2**32 - 1):
        assert w._Reader(w.mb_u_int32(n)).number() == n
    for n in (2**32, 2**35):
        with pytest.raises(w.WbxmlError):
            w._Reader(w.mb_u_int32(n)).number()


@pytest.mark.parametrize("name,raw", list(w.spoiled(F.FolderSync(F.SyncKey("0")))), ids=lambda x: str(x)[:24])
def test_spoiled_is_refused(name, raw):
    with pytest.raises(w.WbxmlError):
        w.decode(raw)


@pytest.mark.parametrize("text", [b"\x01", b"\x0b", b"\xef\xbf\xbe", b"\xed\xa0\x80", b"\xff", b"\xc3"])
def test_characters_xml_forbids(text):
    with pytest.raises(w.WbxmlError):
        w.decode(w.HEADER + b"\x00\x07\x56\x52\x03" + text + b"\x00\x01\x01")


@pytest.mark.parametrize("doc,version,fault", [
    (A.Sync(A.Wait("5")), "2.5", "does not exist"),
    (A.Sync(A.Status("x")), "16.1", "not a integer"),
    (w.Email.DateReceived("20230101T000000Z"), "14.1", "not a dateTime"),
    (w.Calendar.StartTime("2023-01-01T00:00:00.000Z"), "14.1", "not a compactDateTime"),
    (w.ComposeMail.Mime("x"), "14.1", "must be opaque"),
    (A.Sync("text"), "14.1", "has text"),
    (A.Sync(w.Email.Location("x")), "16.1", "does not exist"),
])
def test_faults_are_found(doc, version, fault):
    assert any(fault in f for f in w.faults(doc, version))


def test_paths():
    doc = A.Sync(A.Collections(A.Collection(A.SyncKey("7"), A.Status("1")), A.Collection(A.SyncKey("8"))))
    assert doc.val("Collections/Collection/SyncKey") == "7"
    assert len(doc.all("Collections/Collection")) == 2
    assert doc.get("Collections/Collection/Commands") is None
    with pytest.raises(KeyError):
        doc["Nothing"]
    with pytest.raises(AttributeError):
        A.NoSuchTag
