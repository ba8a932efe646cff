# SPDX-License-Identifier: Apache-2.0
"""What the tests of module mail share: the real binary, a user's session, messages."""
import http.client
import json
import os
import signal
import subprocess
import time
from urllib.parse import urlencode

import pytest

T0 = 1700000000000
IN, SENT, DRAFTS, TRASH, SPAM = ("default0/" + n for n in ("INBOX", "Sent", "Drafts", "Trash", "Spam"))
AGENT = "Open-Xchange USM HTTP Client"


def seed():
    return {"contexts": [{"id": 1, "name": "example.org", "users": [
        {"id": 4, "login": "anton", "password": "secret", "displayName": "Anton Meier", "email": "anton@example.org",
         "aliases": ["a.meier@example.org"], "timezone": "Europe/Berlin", "locale": "de_DE"},
        {"id": 5, "login": "berta", "password": "secret", "displayName": "Berta Beispiel", "email": "berta@example.org",
         "timezone": "UTC", "locale": "en_US"}]}]}


class OxError(Exception):
    def __init__(self, answer):
        super().__init__(answer)
        self.code, self.category, self.desc = answer["code"], answer["categories"], answer["error_desc"]


class Server:
    def __init__(self, tmp, *args, state=None):
        self.port_file = tmp / "ports"
        self.port_file.unlink(missing_ok=True)
        (tmp / "seed.json").write_text(json.dumps(seed()))
        exe = os.environ.get("OXD") or os.path.join(os.environ.get("EAS_BUILD", os.getcwd()), "test", "ox", "oxd")
        more = ["--state", str(state)] if state else []
        self.proc = subprocess.Popen([exe, "--port-file", str(self.port_file), "--seed", str(tmp / "seed.json"), *more,
            *args])
        until = time.time() + 30
        while not self.port_file.exists() or not self.port_file.read_text().strip():
            assert self.proc.poll() is None and time.time() < until, "the stand-in did not start"
            time.sleep(0.02)
        self.port, self.control_port = map(int, self.port_file.read_text().split())

    def stop(self):
        self.proc.send_signal(signal.SIGTERM)
        assert self.proc.wait(60) == 0

    def control(self, path, **body):
        c = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=30)
        c.request("POST", "/" + path, json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(c.getresponse().read())
        c.close()
        if isinstance(answer, dict) and answer.get("error"):
            raise OxError(answer)
        return answer["data"] if path.startswith("module/") else answer

    def mail(self, user="anton", **body):
        return self.control("module/mail", user=user, **body)

    def deliver(self, **row):
        """Puts a mail into a folder; its id."""
        return self.mail(**row)["id"]


class User:
    def __init__(self, server, name):
        self.server, self.cookies = server, {}
        self.conn = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        body = urlencode({"name": name, "password": "secret", "client": "USM-EAS", "version": "1.0"})
        _, data, _ = self.raw("POST", "login", {"action": "login"}, body, "application/x-www-form-urlencoded")
        self.session = json.loads(data)["session"]

    def exchange(self, method, target, headers, body=None):
        """One request with the session's cookies: status, body, content type."""
        base = {"User-Agent": AGENT, "Accept": "application/json, text/javascript",
                "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        self.conn.request(method, target, body, {**base, **headers})
        r = self.conn.getresponse()
        data = r.read()
        for k, v in r.getheaders():
            if k.lower() == "set-cookie":
                name, _, value = v.split(";")[0].partition("=")
                self.cookies[name] = value
        return r.status, data, r.getheader("Content-Type")

    def raw(self, method, module, params, body=None, kind="text/javascript; charset=UTF-8"):
        return self.exchange(method, f"/ajax/{module}?{urlencode(params)}", {"Content-Type": kind}, body)

    def answer(self, method, action, body=None, kind=None, **params):
        """The whole envelope. timezone=None leaves the parameter out."""
        full = {"action": action, "session": self.session, "timezone": "UTC", **params}
        text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        _, data, _ = self.raw(method, "mail", {k: v for k, v in full.items() if v is not None},
                              text.encode() if isinstance(text, str) else text,
                              kind or "text/javascript; charset=UTF-8")
        out = json.loads(data)
        if out.get("error"):
            raise OxError(out)
        return out

    def get(self, action, **params):
        return self.answer("GET", action, **params).get("data")

    def put(self, action, body=None, **params):
        return self.answer("PUT", action, body, **params).get("data")

    def all(self, folder=IN, columns="600", **params):
        rows = self.get("all", folder=folder, columns=columns, **params)
        return [r[0] for r in rows] if columns == "600" else rows

    def mail(self, mid, folder=IN, view="textNoHtmlAttach", unseen="true", **params):
        return self.get("get", folder=folder, id=mid, view=view, unseen=unseen, **params)

    def bytes(self, action, **params):
        status, data, kind = self.raw("GET", "mail", {"action": action, "session": self.session, **params})
        assert status == 200
        return data, kind

    def source(self, mid, folder=IN):
        return self.bytes("get", folder=folder, id=mid, src="1", save="1", unseen="true")[0]

    def flags(self, mid, folder=IN):
        row, = self.put("list", [{"folder": folder, "id": mid}], columns="611,102")
        return row[0]

    def send(self, text, **params):
        return self.put("new", text, **params)

    def upload(self, action, parts, **params):
        """parts: (name, filename or None, type, bytes)."""
        body = b""
        for name, filename, kind, data in parts:
            extra = f'; filename="{filename}"' if filename else ""
            head = f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\nContent-Type: {kind}\r\n\r\n'
            body += (head.encode()
                     + data + b"\r\n")
        return self.raw("POST", "mail", {"action": action, "session": self.session, **params}, body + b"--b--\r\n",
                        "multipart/form-data; boundary=b")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("ox"))
    yield s
    s.stop()


@pytest.fixture
def ox(server):
    """The server with fresh data."""
    server.control("seed", **seed())
    server.control("clock", now=T0)
    server.mail(op="outbox", forget=True)
    return server


@pytest.fixture
def anton(ox):
    return User(ox, "anton")


@pytest.fixture
def berta(ox):
    return User(ox, "berta")


MSG = "From: Anton Meier <anton@example.org>\r\nTo: berta@example.org\r\nSubject: {}\r\n\r\n{}\r\n"
ALT = ("From: b@x.example\r\nTo: anton@example.org\r\nSubject: alt\r\nMIME-Version: 1.0\r\n"
       "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n"
       "--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
       "Gr=C3=BC=C3=9Fe\r\n--a\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
       "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
       "<html><head><script>x()</script></head><body><p onclick=3D\"x()\">Gr=FC=DFe</p>"
       "<img src=3D\"https://t.example/p.gif\"><img src=3D\"cid:c1@x\"></body></html>\r\n--a--\r\n"
       "--m\r\nContent-Type: image/png\r\nContent-ID: <c1@x>\r\nContent-Disposition: inline; filename=\"l.png\"\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n"
       "--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n"
       "--m\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@x.example\r\nSubject: inner\r\nMIME-Version: 1.0\r\n"
       "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nInner text\r\n--i\r\n"
       "Content-Type: text/csv; name=t.csv\r\n"
       "Content-Disposition: attachment; filename=t.csv\r\n\r\n1,2\r\n--i--\r\n\r\n--m--\r\n")
