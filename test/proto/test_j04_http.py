# SPDX-License-Identifier: Apache-2.0
"""HTTP as clients really use it: chunks, gzip, Expect, old versions of it, connections kept and closed."""
import gzip
import socket

import pytest

from easlib import wbxml as w
from easlib.client import WBXML
from easlib.items import mime
from easlib.mark import every
from easlib.wbxml import ComposeMail, FolderHierarchy as F
from test_j01_bad_input import head_of

FOLDERSYNC = w.encode(F.FolderSync(F.SyncKey("0")))


def talk(site, *pieces):
    """Sends pieces on one connection; returns all that comes until the server closes or is silent for a second."""
    with socket.create_connection((site.eas.host, site.eas.port), 20) as s:
        for p in pieces:
            s.sendall(p)
        s.settimeout(2)
        data = b""
        try:
            while True:
                more = s.recv(65536)
                if not more:
                    break
                data += more
        except TimeoutError:
            pass
        return data


def chunks(body, size):
    out = b"".join(b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size))
    return out + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 5, 1000])
def test_chunked_body(site, phone_14_1, size):
    got = talk(site, head_of(phone_14_1.device, "FolderSync", None, "Transfer-Encoding: chunked\r\nConnection: close\r\n"),
               chunks(FOLDERSYNC, size))
    assert got.startswith(b"HTTP/1.1 200") and b"vnd.ms-sync.wbxml" in got


@every()
def test_gzip_body(phone, version):
    a = phone(version).device.cmd("FolderSync", gzip.compress(FOLDERSYNC), headers={"Content-Encoding": "gzip"})
    assert a.code == "1", a


def test_expect_continue(site, phone_14_1):
    d = phone_14_1.device
    got = talk(site, head_of(d, "FolderSync", len(FOLDERSYNC), "Expect: 100-continue\r\nConnection: close\r\n"), FOLDERSYNC)
    assert b" 200 OK" in got


def test_http_1_0(site, phone_14_1):
    """No chunks for a client that cannot read them."""
    head = head_of(phone_14_1.device, "FolderSync", len(FOLDERSYNC)).replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    got = talk(site, head, FOLDERSYNC)
    assert b" 200 OK" in got and b"Transfer-Encoding" not in got
    assert w.decode(got.split(b"\r\n\r\n", 1)[1]).val("Status") == "1"


def test_two_requests_in_one_packet(site, phone_14_1):
    one = head_of(phone_14_1.device, "FolderSync", len(FOLDERSYNC)) + FOLDERSYNC
    last = head_of(phone_14_1.device, "FolderSync", len(FOLDERSYNC), "Connection: close\r\n") + FOLDERSYNC
    assert talk(site, one + last).count(b"HTTP/1.1 200") == 2


def test_one_byte_at_a_time(site, phone_14_1):
    data = head_of(phone_14_1.device, "FolderSync", len(FOLDERSYNC), "Connection: close\r\n") + FOLDERSYNC
    assert talk(site, *[data[i:i + 1] for i in range(len(data))]).startswith(b"HTTP/1.1 200")


def test_over_tls(site, phone):
    r = phone("14.1")
    r.device.close()
    r.device.server = site.eas_tls
    r.foldersync()
    r.sync(r.folder(9))


@every("14.0")
def test_large_mail_in_chunks(site, phone, user, other_user, version):
    d = phone(version, user=user).device
    raw = mime(user.address, other_user.address, "Stuecke", "x" * 76 + "\r\n" + ("y" * 76 + "\r\n") * 5000)
    doc = w.encode(ComposeMail.SendMail(ComposeMail.ClientId("c"), ComposeMail.Mime(raw)))
    got = talk(site, head_of(d, "SendMail", None, "Transfer-Encoding: chunked\r\nConnection: close\r\n"), chunks(doc, 8192))
    assert got.startswith(b"HTTP/1.1 200") and b"Content-Length: 0" in got
    assert len(other_user.mail_named("Stuecke")) == 1


def test_answers_are_private(phone):
    a = phone("14.1").device.foldersync()
    assert "private" in a.header("Cache-Control", "private") and a.header("Content-Type") == WBXML
    assert a.header("Content-Length") == str(len(a.body)) or a.header("Transfer-Encoding") == "chunked"
