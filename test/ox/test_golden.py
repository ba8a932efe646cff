# SPDX-License-Identifier: Apache-2.0
"""Plays golden.txt against the stand-in, and the notifications of E108 to E110, which the stand-in sends."""
import base64
import email.header
import http.server
import json
import pathlib
import re
import socket
import threading
from urllib.parse import quote, urlencode

import pytest

from mail_lib import Server, User, server  # noqa: F401
from test_mail_golden import text_like

HERE = pathlib.Path(__file__).parent
TEXT = (HERE / "golden.txt").read_text()
FIXTURE = json.loads((HERE / "seeds" / "golden.json").read_text())


def cases():
    for block in re.split(r"\n(?=E\d+ [DCI] )", TEXT)[1:]:
        title, *lines = block.strip().split("\n")
        yield title, [(line[0], line[2:]) for line in lines]


def like(want, got, where="answer"):
    if want == "…":
        return
    if isinstance(want, str) and want.startswith("@"):
        assert isinstance(got, int) and int(want[1:]) <= got <= int(want[1:]) + 50, f"{where}: {got} is not {want}"
    elif isinstance(want, dict):
        assert isinstance(got, dict), f"{where}: {got}"
        for k, v in want.items():
            assert k in got, f"{where}.{k} is missing in {got}"
            like(v, got[k], f"{where}.{k}")
    elif isinstance(want, list) and want[-1:] == ["…"]:
        for i, v in enumerate(want[:-1]):
            assert any(is_like(v, g) for g in got), f"{where}[{i}] {v} is missing in {got}"
    elif isinstance(want, list):
        assert isinstance(got, list) and len(got) == len(want), f"{where}: {got}"
        for i, v in enumerate(want):
            like(v, got[i], f"{where}[{i}]")
    elif isinstance(want, str):
        assert isinstance(got, str) and text_like(want, got), f"{where}: {got!r} is not {want!r}"
    else:
        assert got == want and isinstance(got, bool) == isinstance(want, bool), f"{where}: {got!r} is not {want!r}"


def is_like(want, got):
    try:
        like(want, got)
    except AssertionError:
        return False
    return True


class Player:
    """Runs the lines of cases; keeps the session and the last timestamp."""

    def __init__(self, server):  # noqa: F811
        self.server, self.user, self.last = server, None, 0

    def login(self, **form):
        self.user = User(self.server, "anton")
        if form:
            body = urlencode({"name": "anton", "password": "secret", "client": "USM-EAS", **form})
            self.user.cookies = {}
            _, data, _ = self.user.raw("POST", "login", {"action": "login"}, body, "application/x-www-form-urlencoded")
            self.user.session = json.loads(data)["session"]

    def prepare(self, line):
        word, _, rest = line.partition(" ")
        if word == "fresh":
            self.server.control("clock", now=0)
            self.server.control("seed", **FIXTURE)
            self.login()
        elif word == "login":
            self.login(**json.loads(rest))
        elif word == "clock":
            self.server.control("clock", now=int(rest), frozen=True)
        elif word == "next":
            self.server.control("context", nextId=int(rest))
        elif word == "call":
            answer = self.server.control("call", **json.loads(rest))
            assert not answer.get("error"), answer
        else:
            assert word == "control", line
            path, _, body = rest.partition(" ")
            self.server.control(path, **json.loads(body))

    def send(self, lines):
        method, target = lines[0].split(" ", 1)
        path, _, query = target.replace("$S", self.user.session).replace("$T", str(self.last)).partition("?")
        query = "&".join(f"{k}={quote(v, safe='')}" for k, v in (p.split("=", 1) for p in query.split("&") if p))
        headers, body = {}, lines[1:]
        if "" in body:
            cut = body.index("")
            headers, body = dict(line.split(": ", 1) for line in body[:cut]), body[cut + 1:]
        text = "".join(body)
        if text[:1] not in ("[", "{"):
            text = text.replace("\\r\\n", "\r\n")
        kept = dict(self.user.cookies)
        out = self.user.exchange(method, f"{path}?{query}", headers, text.encode() or None)
        if "login?action=login" in target:
            fresh = {k: v for k, v in self.user.cookies.items() if kept.get(k) != v}
            self.user.cookies = kept
            return *out, fresh
        return *out, {}

    def expect(self, lines, got):
        status, data, kind, cookies = got
        want, _, want_kind = lines[0].partition(" ")
        assert str(status) == want, (status, data[:300])
        rest = lines[1:]
        while rest and rest[0].startswith("Set-Cookie: "):
            want_cookie = rest.pop(0).split(": ", 1)[1].split(";")[0]
            assert any(text_like(want_cookie, f"{k}={v}") for k, v in cookies.items()), (want_cookie, cookies)
        if rest == ["-"]:
            assert data == b""
        elif want_kind:
            assert kind.startswith(want_kind), kind
            assert text_like("\n".join(rest), data.decode("latin-1")), data[:300]
        else:
            assert kind.startswith("text/javascript"), kind
            answer = json.loads(data)
            like(json.loads("\n".join(rest)), answer)
            if isinstance(answer, dict):
                self.last = answer.get("timestamp", self.last)

    def play(self, lines):
        i = 0
        while i < len(lines):
            if lines[i][0] == "=":
                self.prepare(lines[i][1])
                i += 1
                continue
            sent, expected = [], []
            while i < len(lines) and lines[i][0] == ">":
                sent.append(lines[i][1])
                i += 1
            while i < len(lines) and lines[i][0] == "<":
                expected.append(lines[i][1])
                i += 1
            assert sent and expected, "a case without request or answer"
            self.expect(expected, self.send(sent))


@pytest.fixture(scope="module")
def player(server):  # noqa: F811
    return Player(server)


@pytest.mark.parametrize("title,lines", [pytest.param(*c, id=c[0].split()[0]) for c in cases()])
def test_golden(player, title, lines):
    player.play(lines)


def test_every_case_is_there():
    mail = re.findall(r"^(E\d+) [DCI] ", (HERE / "golden-mail.txt").read_text(), re.M)
    mine = [c[0].split()[0] for c in cases()]
    assert sorted(set(mail) | set(mine), key=lambda e: int(e[1:])) == [f"E{i:02}" for i in range(1, 108)]


# ---- what the stand-in tells others ----

class Notified(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers), json.loads(body)))
        self.server.arrived.set()
        answer = b'{"success":true}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Notified)
    s.seen, s.arrived = [], threading.Event()
    threading.Thread(target=s.serve_forever, daemon=True).start()
    yield s
    s.shutdown()
    s.server_close()


@pytest.fixture
def udp():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    s.settimeout(10)
    yield s
    s.close()


def test_e108_dovecot_put(player, receiver):
    player.prepare("fresh")
    url = f"http://127.0.0.1:{receiver.server_port}/preliminary/http-notify/v1/notify"
    player.server.control("push", dovecot=url, login="login", password="pass")
    player.server.control("module/mail", user="anton", folder="default0/INBOX", **{"from": "Berta <berta@example.org>"},
                          subject="Test pä", text="Hey")
    assert receiver.arrived.wait(10)
    player.server.control("push", dovecot=None)
    path, headers, body = receiver.seen[0]
    assert path == "/preliminary/http-notify/v1/notify"
    assert headers["Authorization"] == "Basic " + base64.b64encode(b"login:pass").decode()
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    like({"user": "4@1", "imap-uidvalidity": 1358854322, "imap-uid": 4711, "folder": "INBOX", "event": "MessageNew",
          "from": "Berta <berta@example.org>", "subject": "=?utf-8?…?=", "snippet": "…", "unseen": 4}, body)
    assert str(email.header.make_header(email.header.decode_header(body["subject"]))) == "Test pä"


def new_appointment(player):
    player.prepare('call {"user":"anton","module":"calendar","action":"new","body":{"folder_id":"31","title":"x",'
                   '"start_date":1700470800000,"end_date":1700474400000,"ignore_conflicts":true}}')


def test_e109_udp_registration(player, udp):
    player.prepare("fresh")
    port = player.server.control("push", udpPort=0, delay=0)["udpPort"]
    udp.sendto(b"1337\x015\x011\x014\x011", ("127.0.0.1", port))
    assert udp.recv(100) == b"OK\x01"
    new_appointment(player)
    assert udp.recv(100) == b"31\x01"


def test_e110_udp_peer_event(player, udp):
    player.prepare("fresh")
    data = "3\x0131\x011\x011\x014,7\x011700000000000"
    assert len(data) == 26
    player.server.control("push/send", udp=data, port=udp.getsockname()[1])
    assert udp.recv(100) == b"1337\x0126\x013\x0131\x011\x011\x014,7\x011700000000000"
    player.server.control("push", peers=[{"host": "127.0.0.1", "port": udp.getsockname()[1]}], delay=0)
    new_appointment(player)
    got = udp.recv(200).decode()
    player.server.control("push", peers=[])
    assert text_like("1337\x01…\x013\x0131\x011\x011\x014\x01…", got)
    assert int(got.split("\x01")[1]) == len(got.split("\x01", 2)[2])
