# SPDX-License-Identifier: Apache-2.0
"""Bytes no client should send: refused in the words of the version, and the server lives on."""
import base64
import gzip
import socket
import ssl
import struct

import pytest

from easlib import wbxml as w
from easlib.client import WBXML, expect
from easlib.mark import every
from easlib.wbxml import (AirSync as A, FolderHierarchy as F, GetItemEstimate as G, Ping as P, Provision as V,
                          Settings as S)

GOOD = {
    "FolderSync": F.FolderSync(F.SyncKey("0")),
    "Sync": A.Sync(A.Collections(A.Collection(A.SyncKey("0"), A.CollectionId("1")))),
    "Ping": P.Ping(P.HeartbeatInterval("60"), P.Folders(P.Folder(P.Id("1"), P.Class("Email")))),
    "GetItemEstimate": G.GetItemEstimate(G.Collections(G.Collection(A.SyncKey("1"), G.CollectionId("1")))),
    "Settings": S.Settings(S.UserInformation(S.Get())),
    "Provision": V.Provision(V.Policies(V.Policy(V.PolicyType("MS-EAS-Provisioning-WBXML")))),
}
SPOILED = [name for name, _ in w.spoiled(GOOD["FolderSync"])]
EMPTY_IS_LEGAL = {"Sync", "Ping", "Provision"}


@pytest.mark.parametrize("name", SPOILED)
@pytest.mark.parametrize("cmd", sorted(GOOD))
def test_spoiled_document(phone_14_1, cmd, name):
    raw = dict(w.spoiled(GOOD[cmd]))[name]
    d = phone_14_1.device
    a = d.cmd(cmd, raw)
    if raw == b"":
        if cmd in EMPTY_IS_LEGAL:
            assert a.status == 200
        else:
            expect(a, 101, 400)
    else:
        assert a.status in (200, 400) and (a.status == 400 or a.code in ("101", "102", "103")), a
    assert d.options().status == 200


@every()
@pytest.mark.parametrize("name", ["cut in the middle", "charset latin1", "string table", "unknown token", "too deep",
                                  "not wbxml"])
def test_spoiled_in_the_words_of_the_version(phone, version, name):
    a = phone(version).device.cmd("FolderSync", dict(w.spoiled(GOOD["FolderSync"]))[name])
    if name in ("too deep", "unknown token") and a.code == "103":
        return  # "decodes, but breaks the schema" is as good a name
    expect(a, 102, 400)


@every()
def test_root_of_another_command(phone, version):
    a = phone(version).device.cmd("FolderSync", GOOD["Ping"])
    if a.status == 200 and a.code == "10":
        return
    expect(a, 103, 400)


@every()
@pytest.mark.parametrize("kind", ["text/plain", "application/xml", "", "x" * 500])
def test_wrong_content_type(phone, version, kind):
    a = phone(version).device.cmd("FolderSync", GOOD["FolderSync"], kind=kind)
    expect(a, 101, 400)


@every()
def test_other_name_of_the_content_type(phone, version):
    assert phone(version).device.cmd("FolderSync", GOOD["FolderSync"], kind="application/vnd.ms-sync").code == "1"


@every()
def test_redundant_forms(phone, version):
    d = phone(version).device
    for raw in (w.encode(GOOD["FolderSync"], redundant=True), w.encode(GOOD["FolderSync"], split=1),
                w.encode(GOOD["FolderSync"], header=b"\x01\x01\x6a\x00"),
                w.encode(GOOD["FolderSync"], header=b"\x03\x05\x6a\x00")):
        assert d.cmd("FolderSync", raw).code == "1", raw.hex()


def raw_request(site, d, head, body=b"", tls=False):
    """Sends bytes as they are; returns the status line's number or None when the server just closed."""
    server = site.eas_tls if tls else site.eas
    s = socket.create_connection((server.host, server.port), 20)
    if tls:
        ctx = ssl.create_default_context()
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        s = ctx.wrap_socket(s)
    try:
        s.sendall(head)
        try:
            s.sendall(body)
        except OSError:
            pass
        data = s.recv(65536)
    except ConnectionError:
        data = b""
    finally:
        s.close()
    return int(data.split(b" ", 2)[1]) if data.startswith(b"HTTP/") else None


def head_of(d, cmd, length, extra=""):
    pair = base64.b64encode(f"{d.user}:{d.password}".encode()).decode()
    return (f"POST {d.target(cmd)} HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {pair}\r\n"
            f"MS-ASProtocolVersion: {d.version}\r\nX-MS-PolicyKey: {d.policy_key}\r\nContent-Type: {WBXML}\r\n{extra}"
            + (f"Content-Length: {length}\r\n" if length is not None else "") + "\r\n").encode()


def test_body_over_the_limit(site, phone_14_1, log):
    log.allow_limits()
    d = phone_14_1.device
    assert raw_request(site, d, head_of(d, "FolderSync", 3 << 30), b"x" * 70000) == 413


def test_chunked_body_over_the_limit(site, phone_14_1, log):
    log.allow_limits()
    d = phone_14_1.device
    chunk = b"10000\r\n" + b"A" * 65536 + b"\r\n"
    got = raw_request(site, d, head_of(d, "FolderSync", None, "Transfer-Encoding: chunked\r\n"), chunk * 1024)
    assert got in (413, None)
    assert d.options().status == 200


def test_body_shorter_than_said(site, phone_14_1, log):
    log.allow_limits()
    d = phone_14_1.device
    server = site.eas
    s = socket.create_connection((server.host, server.port), 20)
    s.sendall(head_of(d, "FolderSync", 5000) + b"\x03\x01")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    assert d.foldersync().code == "1"


def test_many_elements(phone_14_1):
    """A million tags in a megabyte: an answer, in time."""
    t = w.BY_NAME["AirSync:Sync"].token
    a = phone_14_1.device.cmd("Sync", w.HEADER + bytes([t | 0x40]) + bytes([0x1C]) * 900000 + b"\x01", timeout=20)
    assert a.status in (200, 400, 413), a


@pytest.mark.parametrize("size", [1000, 100000, 900000])
def test_long_text(phone_14_1, size):
    a = phone_14_1.device.cmd("FolderSync", F.FolderSync(F.SyncKey("9" * size)), timeout=20)
    assert a.status in (400, 413) or a.code in ("9", "10", "102", "103"), a


@pytest.mark.parametrize("name,value", [("X-MS-PolicyKey", "99999999999999999999"), ("X-MS-PolicyKey", "-1"),
                                        ("X-MS-PolicyKey", "abc"), ("X-MS-PolicyKey", "")])
def test_policy_key_of_rubbish(phone_14_1, name, value):
    a = phone_14_1.device.cmd("FolderSync", GOOD["FolderSync"], headers={name: value})
    assert a.status == 200 and a.code in ("142", "144"), a


def test_gzip_bomb_is_bounded(phone_14_1, log):
    log.allow_limits()
    a = phone_14_1.device.cmd("FolderSync", gzip.compress(bytes(64 << 20)), headers={"Content-Encoding": "gzip"},
                              timeout=30)
    assert a.status in (400, 413, 415) or a.code in ("101", "102"), a
