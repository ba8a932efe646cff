# SPDX-License-Identifier: Apache-2.0
"""Module mail of the stand-in, against the real binary: every behaviour of the contract's section 3 is provoked."""
import email
import email.policy
import http.client
import json
import os
import re
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
        exe = os.environ.get("OXD") or os.path.join(os.getcwd(), "test", "ox", "oxd")
        more = ["--state", str(state)] if state else []
        self.proc = subprocess.Popen([exe, "--port-file", str(self.port_file), "--seed", str(tmp / "seed.json"), *more, *args])
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

    def raw(self, method, module, params, body=None, kind="text/javascript; charset=UTF-8"):
        headers = {"User-Agent": AGENT, "Accept": "application/json, text/javascript", "Content-Type": kind,
                   "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        self.conn.request(method, f"/ajax/{module}?{urlencode(params)}", body, headers)
        r = self.conn.getresponse()
        data = r.read()
        for k, v in r.getheaders():
            if k.lower() == "set-cookie":
                name, _, value = v.split(";")[0].partition("=")
                self.cookies[name] = value
        return r.status, data, r.getheader("Content-Type")

    def answer(self, method, action, body=None, kind=None, **params):
        """The whole envelope. timezone=None leaves the parameter out."""
        full = {"action": action, "session": self.session, "timezone": "UTC", **params}
        text = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        _, data, _ = self.raw(method, "mail", {k: v for k, v in full.items() if v is not None},
                              text.encode() if isinstance(text, str) else text, kind or "text/javascript; charset=UTF-8")
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
            body += (f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\nContent-Type: {kind}\r\n\r\n'.encode()
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
       "--a\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe"
       "\r\n--a\r\nContent-Type: text/html; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
       "<html><head><script>x()</script></head><body><p onclick=3D\"x()\">Gr=FC=DFe</p>"
       "<img src=3D\"https://t.example/p.gif\"><img src=3D\"cid:c1@x\"></body></html>\r\n--a--\r\n"
       "--m\r\nContent-Type: image/png\r\nContent-ID: <c1@x>\r\nContent-Disposition: inline; filename=\"l.png\"\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\niVBORw0K\r\n"
       "--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n"
       "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n"
       "--m\r\nContent-Type: message/rfc822\r\n\r\nFrom: c@x.example\r\nSubject: inner\r\nMIME-Version: 1.0\r\n"
       "Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n\r\nInner text\r\n--i\r\nContent-Type: text/csv; name=t.csv\r\n"
       "Content-Disposition: attachment; filename=t.csv\r\n\r\n1,2\r\n--i--\r\n\r\n--m--\r\n")


# ---- listings -------------------------------------------------------------------------------------------------------
def test_examine_counts_and_next(ox, anton):
    before = anton.get("examine", folder=IN)
    assert before["total"] == 0 and before["unread"] == 0 and before["validity"].isdigit()
    mid = ox.deliver(subject="one")
    ox.deliver(subject="two", flags=32)
    after = anton.get("examine", folder=IN)
    assert (after["total"], after["unread"]) == (2, 1)
    assert int(after["next"]) == int(before["next"]) + 2 and after["validity"] == before["validity"]
    anton.put("delete", [{"folder": IN, "id": mid}], harddelete="true")
    gone = anton.get("examine", folder=IN)
    assert (gone["total"], gone["unread"], gone["next"]) == (1, 0, after["next"])
    with pytest.raises(OxError) as e:
        anton.get("examine", folder="default1/INBOX")
    assert e.value.code == "MSG-0078"


def test_unknown_folder_everywhere(anton):
    calls = [lambda: anton.get("examine", folder="default0/Nope"), lambda: anton.all("default0/Nope"),
             lambda: anton.all("default0"), lambda: anton.all("31"), lambda: anton.mail("1", "default0/Nope"),
             lambda: anton.get("count", folder="default0/Nope"), lambda: anton.get("updates", folder="default0/Nope"),
             lambda: anton.put("list", [{"folder": "default0/Nope", "id": "1"}], columns="600"),
             lambda: anton.put("update", {"set_flags": 1}, folder="default0/Nope", id="1"),
             lambda: anton.put("delete", [{"folder": "default0/Nope", "id": "1"}]),
             lambda: anton.put("all_seen", folder="default0/Nope")]
    for i, call in enumerate(calls):
        with pytest.raises(OxError) as e:
            call()
        assert e.value.code == "IMAP-1002", f"call {i}"


def test_columns_of_all(ox, anton):
    mid = ox.deliver(**{"from": "Jörg Müller <joerg@x.example>", "to": "anton@example.org, Berta <berta@example.org>",
                        "cc": "c@x.example", "subject": "Grüße", "text": "Hallo\nWelt", "date": T0, "flags": 9, "color": 3,
                        "priority": 1, "message_id": "<m1@x>", "headers": {"X-Foo": "bär"},
                        "attachments": [{"name": "a.pdf", "type": "application/pdf", "size": 1000}]})
    row, = anton.all(columns="600,601,602,603,604,605,606,607,608,609,610,611,102,614,650,656,661,663,9999,X-Foo",
                     headers="Message-ID,References")
    size = len(anton.source(mid))
    assert row == [mid, IN, True, [["Jörg Müller", "joerg@x.example"]],
                   [[None, "anton@example.org"], ["Berta", "berta@example.org"]], [[None, "c@x.example"]], [], "Grüße",
                   size, T0, T0, 9, 3, 1, IN, "multipart/mixed", T0, "Hallo Welt", None, "bär", "<m1@x>", None]


def test_columns_are_required(anton):
    for params in ({"folder": IN}, {"columns": "600"}):
        with pytest.raises(OxError) as e:
            anton.get("all", **params)
        assert e.value.code == "SVL-0002"


def test_time_is_in_the_requests_zone(ox, anton):
    ox.deliver(subject="t", date=T0)  # 22:13:20 UTC in November: Berlin is one hour ahead
    assert anton.all(columns="610,609") == [[T0, T0]]
    assert anton.all(columns="610,609", timezone=None) == [[T0 + 3600000, T0 + 3600000]]
    assert anton.all(columns="661", timezone="America/New_York") == [[T0 - 5 * 3600000]]
    assert anton.get("get", folder=IN, id="1", timezone=None)["received_date"] == T0 + 3600000


@pytest.mark.parametrize("key,row,order", [
    (600, {}, "abc"), (603, {"a": {"from": "Zoe <z@x>"}, "b": {"from": "ada@x"}, "c": {"from": "Max <a@x>"}}, "bca"),
    (607, {"a": {"subject": "Re: zeta"}, "b": {"subject": "Alpha"}, "c": {"subject": "AW: beta"}}, "bca"),
    (608, {"a": {"text": "x" * 900}, "b": {"text": "x" * 90}, "c": {"text": "x" * 9000}}, "bac"),
    (609, {"a": {"sent_date": T0}, "b": {"sent_date": T0 + 9000}, "c": {"sent_date": T0 - 9000}}, "cab"),
    (610, {"a": {"date": T0 + 5}, "b": {"date": T0 + 9}, "c": {"date": T0}}, "cab"),
    (611, {"a": {"flags": 8}, "b": {"flags": 32}, "c": {"flags": 1}}, "cab"),
    (651, {"a": {"flags": 32}, "b": {"flags": 8}, "c": {"flags": 40}}, "bac"),
    (660, {"a": {"flags": 8}, "b": {"flags": 32}, "c": {"flags": 0}}, "bca"),
    (102, {"a": {"color": 5}, "b": {"color": 1}, "c": {"color": 9}}, "bac"),
    (661, {"a": {"date": T0 + 5}, "b": {"date": T0 + 9}, "c": {"date": T0}}, "cab")])
def test_sort(ox, anton, key, row, order):
    names = {ox.deliver(**{"date": T0, "subject": "s", **row.get(n, {})}): n for n in "abc"}
    assert "".join(names[i] for i in anton.all(sort=key, order="asc")) == order
    assert "".join(names[i] for i in anton.all(sort=key, order="desc")) == order[::-1]


def test_sort_after_changes(ox, anton):
    """The kept order must not outlive what it was made of."""
    a, b = ox.deliver(date=T0 + 5), ox.deliver(date=T0)
    assert anton.all(sort=610) == [b, a]
    c = ox.deliver(date=T0 + 2)
    assert anton.all(sort=610) == [b, c, a]
    anton.put("delete", [{"folder": IN, "id": c}])
    assert anton.all(sort=610) == [b, a] and anton.all(sort=611) == [a, b]
    anton.put("update", {"set_flags": 32}, folder=IN, id=a)
    assert anton.all(sort=611) == [b, a]


def test_limits_and_filters(ox, anton):
    ids = [ox.deliver(date=T0 + i, flags=f) for i, f in enumerate([0, 32, 2, 34, 0])]
    answer = anton.answer("GET", "all", folder=IN, columns="600", sort=610, order="desc", left_hand_limit=1, right_hand_limit=3)
    assert [r[0] for r in answer["data"]] == [ids[3], ids[2]] and answer["more"] == 5
    assert "more" not in anton.answer("GET", "all", folder=IN, columns="600")
    assert anton.all(sort=610, limit="2") == ids[:2] and anton.all(sort=610, limit="1,3") == ids[1:3]
    assert anton.all(sort=610, left_hand_limit=4, right_hand_limit=99) == ids[4:]
    assert anton.all(sort=610, left_hand_limit=7, right_hand_limit=9) == []
    assert anton.all(sort=610, unseen="true") == [ids[0], ids[2], ids[4]]
    assert anton.all(sort=610, deleted="false") == [ids[0], ids[1], ids[4]]
    assert anton.all(sort=610, deleted="false", unseen="true") == [ids[0], ids[4]]
    assert anton.get("count", folder=IN) == 5


def test_list_order_and_vanished(ox, anton):
    a, b = ox.deliver(subject="a"), ox.deliver(subject="b")
    rows = [{"folder": IN, "id": i} for i in (b, "999", a, "x", b)]
    assert anton.put("list", rows, columns="600,607") == [[b, "b"], None, [a, "a"], None, [b, "b"]]


def test_updates_is_always_empty(ox, anton):
    ox.deliver(subject="a")
    assert anton.get("updates", folder=IN, columns="600,601", timestamp="0") == []


def test_threaded_all(ox, anton):
    a = ox.deliver(subject="one", message_id="<a@x>", date=T0)
    b = ox.deliver(subject="two", message_id="<b@x>", date=T0 + 1)
    c = ox.deliver(subject="Re: one", message_id="<c@x>", date=T0 + 2, headers={"References": "<a@x>"})
    d = ox.deliver(subject="Re: Re: one", date=T0 + 3, headers={"In-Reply-To": "<c@x>"})
    got = anton.get("threadedAll", folder=IN, columns="600,607", sort="610", order="desc")
    assert [(t["id"], [m["id"] for m in t["thread"]]) for t in got] == [(d, [d, c, a]), (b, [b])]


# ---- search ---------------------------------------------------------------------------------------------------------
FIELD = lambda name: {"field": name}  # noqa: E731


@pytest.fixture
def found(ox, anton):
    names = {}
    rows = {
        "a": {"from": "Berta Beispiel <berta@example.org>", "subject": "Minutes", "date": T0, "flags": 0, "text": "Hello äther",
              "priority": 1},
        "b": {"from": "Carl <carl@x.example>", "cc": "Dora <dora@x.example>", "subject": "Project Plan", "date": T0 + 1000,
              "flags": 33, "text": "x" * 5000, "attachments": [{"name": "plan.pdf", "type": "application/pdf", "size": 9}]},
        "c": {"from": "berta@example.org", "to": "team@x.example", "bcc": "boss@x.example", "subject": "Größe", "date": T0 + 2000,
              "flags": 40, "html": "<p>some <b>bold</b> words</p>"}}
    for n, row in rows.items():
        names[ox.deliver(**row)] = n
    return lambda term: "".join(sorted(names[r[0]] for r in anton.put("search", {"filter": term}, folder=IN, columns="600")))


@pytest.mark.parametrize("term,want", [
    (["=", FIELD("from"), "berta@example.org"], "ac"), (["=", FIELD("from"), "Beispiel"], "a"),
    (["<>", FIELD("from"), "berta"], "b"), (["=", "berta", FIELD("from")], "ac"),
    (["=", FIELD("to"), "team@*"], "c"), (["=", FIELD("cc"), "DORA"], "b"), (["=", FIELD("bcc"), "boss"], "c"),
    (["=", FIELD("subject"), "min*"], "a"), (["=", FIELD("subject"), "plan"], "b"), (["=", FIELD("subject"), "Pr?ject*"], "b"),
    (["=", FIELD("subject"), "plan*"], ""), (["=", FIELD("subject"), "GRÖSSE"], "c"), (["=", FIELD("subject"), "größe"], "c"),
    (["<", FIELD("subject"), "n"], "ac"), ([">=", FIELD("subject"), "project plan"], "b"),
    ([">", FIELD("received_date"), T0], "bc"), ([">=", FIELD("received_date"), T0 + 1000], "bc"),
    (["<", FIELD("received_date"), T0 + 1000], "a"), (["<", T0 + 1000, FIELD("received_date")], "c"),
    (["<=", FIELD("sent_date"), T0 + 1000], "ab"), ([">", FIELD("size"), 4000], "b"), (["<", FIELD("size"), 4000], "ac"),
    (["=", FIELD("flags"), 32], "bc"), (["<>", FIELD("flags"), 32], "a"), (["=", FIELD("flags"), 33], "b"),
    (["=", FIELD("content"), "ÄTHER"], "a"), (["=", FIELD("content"), "some bold words"], "c"),
    (["=", FIELD("content_type"), "application/pdf"], "b"), (["=", FIELD("content_type"), "multipart/mixed"], "b"),
    (["=", FIELD("disp"), "attachment"], "b"), (["=", {"attachment": "name"}, "plan*"], "b"),
    (["=", FIELD("priority"), 1], "a"), (["=", FIELD("priority"), "3"], "bc"),
    (["and", ["=", FIELD("from"), "berta"], ["=", FIELD("flags"), 32]], "c"),
    (["and", ["=", FIELD("from"), "berta@example.org"], ["not", ["=", FIELD("flags"), 32]]], "a"),
    (["or", ["=", FIELD("subject"), "min*"], ["=", FIELD("subject"), "plan"], ["=", FIELD("subject"), "zzz"]], "ab"),
    (["not", ["or", ["=", FIELD("subject"), "min*"], ["=", FIELD("subject"), "plan"]]], "c")])
def test_search(found, term, want):
    assert found(term) == want


@pytest.mark.parametrize("term", [
    [], ["="], ["=", FIELD("subject")], ["=", FIELD("nope"), "x"], ["and"], ["not", ["=", FIELD("to"), "x"], ["=", FIELD("to"), "y"]],
    ["xor", ["=", FIELD("to"), "x"]], ["=", FIELD("to"), {}], ["=", "a", "b"], "text", {"a": 1}])
def test_search_refuses_nonsense(anton, term):
    with pytest.raises(OxError) as e:
        anton.put("search", {"filter": term}, folder=IN, columns="600")
    assert e.value.code == "SVL-0003"


def test_search_depth_is_bounded(anton):
    term = ["=", FIELD("to"), "x"]
    for _ in range(200):
        term = ["not", term]
    with pytest.raises(OxError):
        anton.put("search", {"filter": term}, folder=IN, columns="600")


def test_search_old_form_sort_and_zone(ox, anton):
    a, b = ox.deliver(subject="apple", date=T0), ox.deliver(subject="apple pie", date=T0 + 1)
    old = [{"col": 607, "pattern": "apple"}, {"col": 603, "pattern": "sender"}]
    rows = anton.put("search", old, folder=IN, columns="600", sort=610, order="desc")
    assert [r[0] for r in rows] == [b, a]
    later = {"filter": [">", FIELD("received_date"), T0 + 3600000]}
    assert anton.put("search", later, folder=IN, columns="600", timezone=None) == [[b]]


# ---- get ------------------------------------------------------------------------------------------------------------
def test_get_marks_seen_unless_asked_not_to(ox, anton):
    for params in ({}, {"hdr": "1"}, {"src": "1"}):
        mid = ox.deliver(subject="s")
        anton.get("get", folder=IN, id=mid, unseen="true", **params)
        assert anton.flags(mid) == 0
        anton.get("get", folder=IN, id=mid, **params)
        assert anton.flags(mid) == 32
    assert anton.get("examine", folder=IN)["unread"] == 0


def test_get_object(ox, anton):
    mid = ox.deliver(raw=ALT, date=T0, flags=8, color=2)
    m = anton.mail(mid)
    assert {k: m[k] for k in ("id", "folder_id", "attachment", "from", "to", "cc", "bcc", "subject", "flags", "color_label",
                              "priority", "received_date", "content_type")} == {
        "id": mid, "folder_id": IN, "attachment": True, "from": [[None, "b@x.example"]], "to": [[None, "anton@example.org"]],
        "cc": [], "bcc": [], "subject": "alt", "flags": 8, "color_label": 2, "priority": 3, "received_date": T0,
        "content_type": "multipart/mixed"}
    assert m["size"] == len(anton.source(mid)) and "sent_date" not in m and "msgref" not in m
    assert anton.mail(mid, edit="1")["msgref"] == f"{IN}/{mid}"


@pytest.mark.parametrize("view,first,other", [
    ("text", ("1.1", "text/plain", "Grüße"), ("1.2", "text/html")), ("textNoHtmlAttach", ("1.1", "text/plain", "Grüße"), None),
    ("raw", ("1.1", "text/plain", "Grüße"), ("1.2", "text/html")), ("html", ("1.2", "text/html", "<p >Grüße</p>"), ("1.1", "text/plain")),
    ("noimg", ("1.2", "text/html", "<p >Grüße</p>"), ("1.1", "text/plain")),
    ("document", ("1.2", "text/html", "<html>"), ("1.1", "text/plain"))])
def test_views(ox, anton, view, first, other):
    mid = ox.deliver(raw=ALT)
    m = anton.mail(mid, view=view)
    body = m["attachments"][0]
    assert (body["id"], body["content_type"], body["disp"]) == (*first[:2], "inline") and body["content"].startswith(first[2])
    alts = [(a["id"], a["content_type"]) for a in m["attachments"] if a["disp"] == "alternative"]
    assert alts == ([other] if other else [])
    html = next((a["content"] for a in m["attachments"] if a["content_type"] == "text/html"), "")
    assert ("script" in html) == (view == "raw")
    assert ("t.example" in html) == (view in ("raw", "text", "html", "document"))
    assert not html or "cid:c1@x" in html
    files = [(a["id"], a["content_type"], a.get("filename"), a["disp"], a.get("cid"), a["size"]) for a in m["attachments"]
             if "content" not in a]
    assert files == [("2", "image/png", "l.png", "inline", "<c1@x>", 6), ("3", "application/pdf", "a.pdf", "attachment", None, 5)]
    inner, = m["nested_msgs"]
    assert (inner["id"], inner["subject"], inner["attachments"][0]["content"].strip()) == (
        "4", "inner", "Inner text")
    assert inner["attachments"][0]["content_type"] == ("text/html" if view in ("html", "noimg", "document") else "text/plain")
    assert inner["attachments"][1]["id"] == "4.2"


def test_single_forms_are_converted(ox, anton):
    plain, html = ox.deliver(text="a < b\nc"), ox.deliver(html="<p>a &lt; b</p><ul><li>eins</li></ul>&auml;&#8364;")
    shown = anton.mail(plain, view="html")["attachments"][0]
    assert shown["content_type"] == "text/html" and shown["content"].startswith("a &lt; b<br />\nc")
    text = anton.mail(html, view="text")["attachments"][0]
    assert text["content_type"] == "text/plain" and text["content"] == "a < b\n* eins\nä€"
    assert anton.mail(html, view="raw")["attachments"][0]["content_type"] == "text/html"
    with pytest.raises(OxError) as e:
        anton.mail(html, view="hologram")
    assert e.value.code == "SVL-0004"


@pytest.mark.parametrize("charset,data", [("utf-8", "Größe €".encode()), ("iso-8859-1", "Größe".encode("latin-1")),
                                          ("windows-1252", "Größe €".encode("cp1252")), ("iso-8859-15", "Größe €".encode("iso-8859-15")),
                                          ("koi8-r", "Привет".encode("koi8-r")), ("iso-2022-jp", "山田".encode("iso-2022-jp"))])
def test_charsets(ox, anton, charset, data):
    raw = b"From: a@x\r\nSubject: =?" + charset.encode() + b"?Q?" + b"".join(b"=%02X" % c for c in data) + b"?=\r\n" \
          b"Content-Type: text/plain; charset=" + charset.encode() + b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + data
    status, body, _ = anton.upload("import", [("file", "m.eml", "message/rfc822", raw)], folder=IN)
    mid = json.loads(body)["data"][0]["id"]
    m = anton.mail(mid)
    assert m["subject"] == data.decode(charset) and m["attachments"][0]["content"] == data.decode(charset)
    assert anton.source(mid) == raw


def test_broken_text_is_still_json(ox, anton):
    raw = b"From: \xff\xfe <a@x>\r\nSubject: \xe4\xf6\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\x00\xe4"
    _, body, _ = anton.upload("import", [("file", "m.eml", "message/rfc822", raw)], folder=IN)
    mid = json.loads(body)["data"][0]["id"]
    m = anton.mail(mid)
    assert m["subject"] == "äö" and "ä" in m["attachments"][0]["content"]
    assert anton.get("get", folder=IN, id=mid, src="1", unseen="true").startswith("From: ÿþ")


def test_max_size(ox, anton):
    mid = ox.deliver(text="ä" * 1000)
    m = anton.mail(mid, max_size="101")
    body = m["attachments"][0]
    assert body["content"] == "ä" * 50 and body["truncated"] is True and m["truncated"] is True and body["size"] >= 2000
    assert "truncated" not in anton.mail(mid, max_size="5000")


def test_nested_as_attachment_and_source(ox, anton):
    mid = ox.deliver(raw=ALT)
    m = anton.mail(mid, no_nested_message="true")
    assert "nested_msgs" not in m and m["attachments"][-1]["content_type"] == "message/rfc822"
    src = anton.mail(mid, attach_src="1")
    assert src["source"].encode() == anton.source(mid)
    nested = next(a for a in src["attachments"] if a["content_type"] == "message/rfc822")
    assert nested["source"].startswith("From: c@x.example")


def test_headers_and_source(ox, anton):
    raw = "Received: one\r\nReceived: two\r\nFrom: a@x\r\nTo: b@x\r\nSubject: s\r\nX-Long: a\r\n b\r\nMessage-ID: <q@x>\r\n\r\nbody\r\n"
    mid = ox.deliver(raw=raw)
    headers = anton.mail(mid)["headers"]
    assert headers == {"Received": ["one", "two"], "X-Long": "a b", "Message-ID": "<q@x>"}
    assert anton.get("get", folder=IN, id=mid, hdr="1", unseen="true") == raw.split("\r\n\r\n")[0] + "\r\n\r\n"
    assert anton.get("get", folder=IN, id=mid, src="1", unseen="true") == raw
    data, kind = anton.bytes("get", folder=IN, id=mid, src="1", save="1", unseen="true")
    assert data == raw.encode() and kind == "application/octet-stream"


def test_get_by_message_id_and_gone(ox, anton):
    ox.deliver(subject="x", message_id="<one@x>")
    two = ox.deliver(subject="y", message_id="<two@x>")
    assert anton.get("get", folder=IN, message_id="<two@x>", unseen="true")["id"] == two
    for params in ({"id": "4705"}, {"message_id": "<zero@x>"}, {"id": "x"}):
        with pytest.raises(OxError) as e:
            anton.get("get", folder=IN, **params)
        assert (e.value.code, e.value.category) == ("MSG-0032", "USER_INPUT")
    assert "4705" in pytest.raises(OxError, anton.mail, "4705").value.desc


def test_attachment(ox, anton):
    mid = ox.deliver(raw=ALT)
    assert anton.bytes("attachment", folder=IN, id=mid, attachment="3") == (b"%PDF-", "application/pdf")
    assert anton.bytes("attachment", folder=IN, id=mid, attachment="3", save="1")[1] == "application/octet-stream"
    for cid in ("c1@x", "<c1@x>"):
        assert anton.bytes("attachment", folder=IN, id=mid, cid=cid) == (b"\x89PNG\r\n"[:6], "image/png")
    assert anton.bytes("attachment", folder=IN, id=mid, attachment="4.2")[0].strip() == b"1,2"
    assert anton.bytes("attachment", folder=IN, id=mid, attachment="4")[0].startswith(b"From: c@x.example")
    assert anton.flags(mid) == 0
    with pytest.raises(OxError) as e:
        anton.get("attachment", folder=IN, id=mid, attachment="9")
    assert e.value.code == "MSG-0049"


def test_calendar_part_of_an_invitation(ox, anton):
    raw = ("From: b@x.example\r\nTo: anton@example.org\r\nSubject: Meeting\r\nMIME-Version: 1.0\r\n"
           "Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\n\r\nCome\r\n--a\r\n"
           "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--a--\r\n")
    mid = ox.deliver(raw=raw)
    cal = next(a for a in anton.mail(mid)["attachments"] if a["content_type"] == "text/calendar")
    assert cal["disp"] == "alternative" and "content" not in cal
    assert anton.bytes("attachment", folder=IN, id=mid, attachment=cal["id"])[0].startswith(b"BEGIN:VCALENDAR")
    assert anton.all(columns="602") == [[False]]


# ---- changes --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("start,body,want", [
    (1, {"set_flags": 40, "clear_flags": 1}, 40), (32, {"flags": 32, "value": False}, 0), (0, {"flags": 32, "value": True}, 32),
    (40, {"flags": 8}, 32), (0, {"set_flags": 1023}, 943), (943, {"clear_flags": 1023}, 0), (0, {"set_flags": 8, "clear_flags": 8}, 0),
    (0, {"flags": 8, "value": True, "clear_flags": 8, "set_flags": 512}, 512), (0, {"set_flags": 16 + 64}, 0), (9, {}, 9)])
def test_flags(ox, anton, start, body, want):
    mid = ox.deliver(flags=start)
    assert anton.put("update", body, folder=IN, id=mid) == {"folder_id": IN, "id": mid}
    assert anton.flags(mid) == want
    assert anton.get("examine", folder=IN)["unread"] == (0 if want & 32 else 1)


def test_colour(ox, anton):
    mid = ox.deliver()
    anton.put("update", {"color_label": 7}, folder=IN, id=mid)
    assert anton.all(columns="102") == [[7]]
    with pytest.raises(OxError):
        anton.put("update", {"color_label": 11}, folder=IN, id=mid)


def test_move_flags_and_colour_in_one_call(ox, anton):
    ox.deliver(folder=SENT)
    mid = ox.deliver(subject="m", date=T0)
    got = anton.put("update", {"folder_id": SENT, "set_flags": 9, "color_label": 4}, folder=IN, id=mid)
    assert got["folder_id"] == SENT and got["id"] == "2"
    assert anton.all() == [] and anton.all(SENT, "600,611,102,610", sort=600)[1] == ["2", 9, 4, T0]
    again = anton.put("update", {"folder_id": IN}, folder=SENT, id="2")
    assert int(again["id"]) > int(mid), "an id is never used twice"
    with pytest.raises(OxError) as e:
        anton.put("update", {"folder_id": IN}, folder=SENT, id="2")
    assert e.value.code == "MSG-0032"
    with pytest.raises(OxError) as e:
        anton.put("update", {"folder_id": "default0/Nope"}, folder=IN, id=again["id"])
    assert e.value.code == "IMAP-1002" and anton.all() == [again["id"]]


def test_update_by_message_id_and_whole_folder(ox, anton):
    a, b = ox.deliver(message_id="<a@x>"), ox.deliver()
    assert anton.put("update", {"set_flags": 8}, folder=IN, message_id="<a@x>")["id"] == a
    assert anton.flags(a) == 8 and anton.flags(b) == 0
    anton.put("update", {"set_flags": 32}, folder=IN)
    assert [anton.flags(i) for i in (a, b)] == [40, 32] and anton.get("examine", folder=IN)["unread"] == 0
    anton.put("update", {"folder_id": SENT}, folder=IN)
    assert anton.all() == [] and len(anton.all(SENT)) == 2


def test_copy(ox, anton):
    mid = ox.deliver(subject="c", flags=40, color=2, date=T0)
    got = anton.put("copy", {"folder_id": SENT}, folder=IN, id=mid)
    assert anton.all(SENT, "600,607,611,102,610") == [[got["id"], "c", 40, 2, T0]] and anton.all() == [mid]
    same = anton.put("copy", {"folder_id": IN}, folder=IN, id=mid)
    assert anton.all() == [mid, same["id"]] and anton.source(mid) == anton.source(same["id"])


def test_delete_goes_to_trash_then_for_good(ox, anton):
    a, b, c = (ox.deliver(subject=s) for s in "abc")
    assert anton.put("delete", [{"folder": IN, "id": a}, {"folder": IN, "id": b}]) == []
    assert anton.all() == [c] and [r[1] for r in anton.all(TRASH, "600,607")] == ["a", "b"]
    assert anton.put("delete", [{"folder": IN, "id": c}], harddelete="true") == []
    assert anton.all() == [] and len(anton.all(TRASH)) == 2
    assert anton.put("delete", [{"folder": TRASH, "id": i} for i in anton.all(TRASH)]) == []
    assert anton.all(TRASH) == []
    assert anton.put("delete", [{"folder": IN, "id": "77"}]) == []


def test_clear_and_all_seen(ox, anton):
    for i in range(3):
        ox.deliver(folder=SPAM, subject=str(i))
    assert anton.put("all_seen", folder=SPAM) is True and anton.get("examine", folder=SPAM)["unread"] == 0
    nxt = anton.get("examine", folder=SPAM)["next"]
    assert anton.put("clear", [SPAM, "default0/Nope"]) == ["default0/Nope"]
    state = anton.get("examine", folder=SPAM)
    assert (state["total"], state["unread"], state["next"]) == (0, 0, nxt) and len(anton.all(TRASH)) == 3
    assert anton.put("clear", [TRASH]) == [] and anton.all(TRASH) == []


# ---- sending --------------------------------------------------------------------------------------------------------
def test_send_reaches_every_user_and_sent(ox, anton, berta):
    raw = ("From: Anton Meier <anton@example.org>\r\nTo: Berta <BERTA@example.org>, x@far.example\r\nCc: a.meier@example.org\r\n"
           "Bcc: berta@example.org\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n")
    got = anton.send(raw, copy2Sent="true")
    assert got["folder_id"] == SENT
    assert anton.all(SENT, "600,607,611") == [[got["id"], "Grüße", 32]]
    (mid, subject, flags), = berta.all(columns="600,607,611")
    assert subject == "Grüße" and flags == 0
    source = email.message_from_bytes(berta.source(mid), policy=email.policy.default)
    assert source["Bcc"] is None and source["Date"] and re.match(r"<.+@.+>$", source["Message-ID"])
    assert source["X-Originating-Client"] == "USM-EAS" and source.get_content().strip() == "Grüße"
    assert len(anton.all(IN)) == 1, "the alias is anton's"
    assert b"Bcc: berta" in anton.source(got["id"], SENT)
    sent, = ox.mail(op="outbox")
    assert sent["from"] == "anton@example.org" and sent["to"] == ["BERTA@example.org", "x@far.example", "a.meier@example.org"]


def test_send_keeps_own_date_and_id_unless_new(ox, anton, berta):
    raw = MSG.format("s", "b").replace("\r\n\r\n", "\r\nMessage-ID: <own@x>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n", 1)
    anton.send(raw)
    assert berta.all(columns="609,Message-ID") == [[T0, "<own@x>"]]
    anton.send(raw, new="true")
    assert berta.all(columns="Message-ID")[1] != ["<own@x>"]


def test_send_copy_wishes(ox, anton):
    assert anton.send(MSG.format("no", "b"), copy2Sent="false") is None and anton.all(SENT) == []
    got = anton.send(MSG.format("flags", "b"), flags="8")
    assert anton.flags(got["id"], SENT) == 40


def test_send_damages_8bit(ox, anton, berta):
    anton.send(MSG.format("s", "Grüße €").encode())
    mid, = berta.all()
    assert berta.source(mid).endswith(b"Gr??e ?\r\n")
    anton.send(MSG.format("s", "Gr").encode() + b"\xfc\xdf")
    assert berta.source(berta.all()[1]).endswith(b"??")


def test_send_sender_rules(ox, anton, berta):
    with pytest.raises(OxError) as e:
        anton.send(MSG.format("s", "b").replace("anton@", "boss@"))
    assert (e.value.code, e.value.category) == ("MSG-0056", "USER_INPUT") and "boss@example.org" in e.value.desc
    assert berta.all() == [] and anton.all(SENT) == []
    anton.send(MSG.format("s", "b").replace("anton@", "boss@"), force="true")
    anton.send(MSG.format("s", "b").replace("anton@", "A.Meier@"))
    anton.send("To: berta@example.org\r\nSubject: none\r\n\r\nb")
    assert [r[0] for r in berta.all(columns="603")] == [[["Anton Meier", "boss@example.org"]], [["Anton Meier", "A.Meier@example.org"]],
                                                        [[None, "anton@example.org"]]]


def test_send_without_recipients(anton):
    with pytest.raises(OxError) as e:
        anton.send("From: anton@example.org\r\nSubject: s\r\n\r\nb")
    assert e.value.code == "MSG-0114" and anton.all(SENT) == []
    with pytest.raises(OxError):
        anton.send("")


def test_store_raw(ox, anton, berta):
    got = anton.send(MSG.format("draft", "ü"), folder=DRAFTS, flags="36")
    assert got["folder_id"] == DRAFTS and anton.flags(got["id"], DRAFTS) == 36
    assert anton.source(got["id"], DRAFTS).endswith(b"?\r\n") and berta.all() == []


def test_send_inside_multiple(ox, anton, berta):
    body = [{"module": "mail", "action": "new", "data": MSG.format("m", "b")}, {"module": "mail", "action": "examine", "folder": SENT}]
    _, data, _ = anton.raw("PUT", "multiple", {"session": anton.session}, json.dumps(body))
    first, second = json.loads(data)
    assert first["data"]["folder_id"] == SENT and second["data"]["total"] == 1 and len(berta.all()) == 1


def html_json(data):
    return json.loads(re.search(r"\((\{.*\})\)", data.decode(), re.S).group(1))


def test_structured_send(ox, anton, berta):
    mail = {"from": "Anton <anton@example.org>", "to": [["Bértá", "berta@example.org"]], "bcc": "a.meier@example.org",
            "subject": "Häuser", "priority": 1, "disp_notification_to": "anton@example.org",
            "attachments": [{"content_type": "ALTERNATIVE", "content": "<p>Grüße</p>"}]}
    status, data, kind = anton.upload("new", [("json_0", None, "application/json", json.dumps(mail).encode()),
                                              ("file_0", "a.bin", "application/x-a", bytes(range(256)))])
    assert status == 200 and kind.startswith("text/html") and b"callback_new" in data
    assert re.fullmatch(r"default0/Sent/\d+", html_json(data)["data"])
    mid, = berta.all()
    m = berta.mail(mid, view="html")
    assert m["subject"] == "Häuser" and m["priority"] == 1 and m["disp_notification_to"] == "anton@example.org" and m["bcc"] == []
    assert m["to"] == [["Bértá", "berta@example.org"]] and "<p>Grüße</p>" in m["attachments"][0]["content"]
    assert m["attachments"][1]["content"].strip() == "Grüße" and m["attachments"][2]["filename"] == "a.bin"
    assert berta.bytes("attachment", folder=IN, id=mid, attachment=m["attachments"][2]["id"])[0] == bytes(range(256))
    assert berta.source(mid).isascii()


@pytest.mark.parametrize("sendtype,flag", [(1, 1), (2, 256)])
def test_structured_reply_and_forward_mark_the_original(ox, anton, berta, sendtype, flag):
    mid = ox.deliver(raw=ALT.replace("Subject: alt", "Subject: alt\r\nMessage-ID: <orig@x>"))
    mail = {"to": "berta@example.org", "subject": "s", "sendtype": sendtype, "msgref": f"{IN}/{mid}",
            "attachments": [{"content_type": "text/plain", "content": "x"}, {"id": "3"}]}
    _, data, _ = anton.upload("new", [("json_0", None, "application/json", json.dumps(mail).encode())])
    assert "error" not in html_json(data)
    assert anton.flags(mid) == flag
    got = berta.mail(berta.all()[0])
    assert [a.get("filename") for a in got["attachments"]] == [None, "a.pdf"]
    assert (got["headers"].get("In-Reply-To") == "<orig@x>") == (sendtype == 1)


def test_draft_life(ox, anton, berta):
    mail = {"to": "berta@example.org", "subject": "d1", "attachments": [{"content_type": "text/plain", "content": "x"}]}
    ref = anton.put("autosave", mail)
    assert re.fullmatch(r"default0/Drafts/\d+", ref) and anton.all(DRAFTS, "607,611") == [["d1", 36]]
    ref = anton.put("autosave", {**mail, "subject": "d2", "msgref": ref})
    assert anton.all(DRAFTS, "607") == [["d2"]]
    post = lambda **more: html_json(anton.upload("new", [  # noqa: E731
        ("json_0", None, "application/json", json.dumps({**mail, **more}).encode())])[1])
    ref = post(subject="d3", sendtype=3, msgref=ref)["data"]
    assert anton.all(DRAFTS, "607") == [["d3"]]
    assert post(subject="d4", sendtype=4, msgref=ref)["data"].startswith(SENT) and anton.all(DRAFTS, "607") == [["d3"]]
    post(subject="d6", sendtype=6, msgref=ref)
    assert anton.all(DRAFTS) == [] and [r[0] for r in berta.all(columns="607")] == ["d4", "d6"]
    assert post(subject="d7", sendtype=1, msgref=ref)["code"] == "MSG-0067"


def test_import(ox, anton):
    one, two = "Subject: eins\r\n\r\nGrüße\r\n".encode(), b"Subject: zwei\n\nx\n"
    _, data, kind = anton.upload("import", [("file", "m.eml", "message/rfc822", one), ("file2", "n.eml", "message/rfc822", two)],
                                 folder=IN, flags="40", force="true")
    rows = json.loads(data)["data"]
    assert kind.startswith("text/javascript") and [r["folder_id"] for r in rows] == [IN, IN]
    assert anton.source(rows[0]["id"]) == one and anton.source(rows[1]["id"]) == two.replace(b"\n", b"\r\n")
    assert anton.all(columns="611") == [[40], [40]]
    assert "error" in json.loads(anton.upload("import", [("other", None, "text/plain", b"x")], folder=IN)[1])


def test_receipt(ox, anton, berta):
    mid = ox.deliver(subject="ask", disp_notification_to="berta@example.org")
    anton.put("receipt_ack", {"folder": IN, "id": mid, "from": "anton@example.org"})
    assert anton.flags(mid) & 512 and berta.all(columns="607") == [["Read: ask"]]


@pytest.mark.parametrize("action,to,cc", [
    ("reply", [["Berta", "berta@example.org"]], []),
    ("replyall", [["Berta", "berta@example.org"], [None, "c@x.example"]], [[None, "d@x.example"]])])
def test_prepared_reply(ox, anton, action, to, cc):
    mid = ox.deliver(**{"from": "Berta <berta@example.org>", "to": "anton@example.org, c@x.example", "cc": "d@x.example, a.meier@example.org",
                        "subject": "Q", "text": "Why?"})
    m = anton.get(action, folder=IN, id=mid, view="text")
    assert m["to"] == to and m["cc"] == cc and m["subject"] == "Re: Q" and m["msgref"] == f"{IN}/{mid}"
    assert "> Why?" in m["attachments"][0]["content"] and anton.flags(mid) == 0
    again = ox.deliver(**{"from": "z@x", "headers": {"Reply-To": "Else <else@x.example>"}, "subject": "RE: Q"})
    m = anton.get("reply", folder=IN, id=again, view="html")
    assert m["to"] == [["Else", "else@x.example"]] and m["subject"] == "RE: Q" and "<blockquote" in m["attachments"][0]["content"]


def test_prepared_forward(ox, anton):
    mid = ox.deliver(raw=ALT)
    m = anton.get("forward", folder=IN, id=mid, view="text")
    assert m["subject"] == "Fwd: alt" and "to" not in m
    assert [a["id"] for a in m["attachments"]] == ["1", "2", "3", "4"]


# ---- quota, control, persistence ------------------------------------------------------------------------------------
def test_quota_switch(ox, anton, berta):
    mid = ox.deliver(subject="s")
    ox.control("switch", **{"mail-quota": "full"})
    calls = [lambda: anton.send(MSG.format("s", "b"), folder=DRAFTS), lambda: anton.put("copy", {"folder_id": SENT}, folder=IN, id=mid),
             lambda: anton.send(MSG.format("s", "b"))]
    for call in calls:
        with pytest.raises(OxError) as e:
            call()
        assert e.value.category == "CAPACITY"
    assert e.value.code == "MSG-0042" and len(berta.all()) == 1, "the mail itself was sent"
    answer = json.loads(anton.upload("import", [("file", "m.eml", "message/rfc822", b"Subject: s\r\n\r\n")], folder=IN)[1])
    assert answer["categories"] == "CAPACITY"
    ox.control("switch", **{"mail-quota": None})
    assert anton.send(MSG.format("s", "b"), folder=DRAFTS)


def test_quota_of_the_user(ox, anton):
    ox.control("user", user="anton", quotaMail=2000)
    anton.send(MSG.format("s", "x" * 800), folder=DRAFTS)
    with pytest.raises(OxError) as e:
        anton.send(MSG.format("s", "x" * 1200), folder=DRAFTS)
    assert e.value.category == "CAPACITY"
    ox.control("user", user="anton", quotaMail=-1)


def test_validity_changes_on_command(ox, anton):
    ids = [ox.deliver(subject=s) for s in "abc"]
    anton.put("delete", [{"folder": IN, "id": ids[0]}])
    before = anton.get("examine", folder=IN)
    ox.mail(op="validity", folder=IN)
    after = anton.get("examine", folder=IN)
    assert after["validity"] != before["validity"] and after["next"] == "3"
    assert anton.all(columns="600,607") == [["1", "b"], ["2", "c"]]
    assert len({anton.get("examine", folder=f)["validity"] for f in (IN, SENT, DRAFTS, TRASH, SPAM)}) == 5


def test_control_edits_behind_our_back(ox, anton):
    a, b = ox.deliver(subject="a", count=1), ox.deliver(subject="b", age_days=2)
    ox.mail(op="flags", folder=IN, id=a, flags=40, color=5)
    assert anton.all(columns="611,102", sort=600) == [[40, 5], [0, 0]]
    received, = anton.put("list", [{"folder": IN, "id": b}], columns="610")[0]
    assert abs(received - (T0 - 2 * 86400000)) < 60000
    ox.mail(op="expunge", folder=IN, id=a)
    assert anton.all() == [b]
    ox.mail(op="expunge", folder=IN)
    assert anton.all() == []
    assert ox.deliver(subject="many", count=5) == "7" and len(anton.all()) == 5
    for bad in ({"op": "nonsense"}, {"op": "expunge", "folder": IN, "id": "99"}, {"folder": "default0/Nope"}):
        with pytest.raises(OxError):
            ox.mail(**bad)


def test_deliver_by_bytes(ox, anton):
    mid = ox.deliver(raw64="RnJvbTogYUB4DQpTdWJqZWN0OiD8DQoNCnj8", flags=32)
    assert anton.source(mid) == b"From: a@x\r\nSubject: \xfc\r\n\r\nx\xfc" and anton.mail(mid)["subject"] == "ü"


def test_rename_keeps_uidvalidity(ox, anton):
    def folders(action, body, **params):
        _, data, _ = anton.raw("PUT", "folders", {"action": action, "session": anton.session, **params}, json.dumps(body))
        return json.loads(data)["data"]
    fid = folders("new", {"folder": {"title": "Project", "module": "mail"}}, folder_id=IN)
    ox.deliver(folder=fid, subject="p")
    before = anton.get("examine", folder=fid)
    new = folders("update", {"folder": {"title": "Projekt X"}}, id=fid)
    assert new == IN + "/Projekt X" and anton.get("examine", folder=new) == before
    assert anton.all(new, "600,601") == [["1", new]]
    with pytest.raises(OxError):
        anton.all(fid)


def test_state_survives_a_restart(tmp_path):
    state = tmp_path / "state.json"
    s = Server(tmp_path, state=state)
    u = User(s, "anton")
    s.deliver(raw=ALT, date=T0, flags=40, color=3)
    s.deliver(raw64="U3ViamVjdDog/A0KDQp4/A==")
    s.mail(folder=SENT, generate=50, seed=7)
    gone = s.deliver(subject="gone")
    u.put("delete", [{"folder": IN, "id": gone}], harddelete="true")
    look = lambda: [u.get("examine", folder=IN), u.get("examine", folder=SENT), u.all(columns="600,607,608,610,611,102"),  # noqa: E731
                    u.all(SENT, "600,603,607,608,610,611"), u.source("1"), u.source("2"), u.source("17", SENT)]
    before = look()
    s.stop()
    s = Server(tmp_path, state=state)
    u = User(s, "anton")
    assert look() == before
    s.stop()


# ---- synthetic mail -------------------------------------------------------------------------------------------------
def test_generated_mail(ox, anton):
    ox.mail(generate=2000, seed=3, until=T0)
    rows = anton.all(columns="600,608,610,611,102,602,656,607", sort=610)
    assert len(rows) == 2000 and rows[-1][2] == T0 and len({r[2] for r in rows}) == 2000
    types = {r[6] for r in rows}
    assert {"text/plain", "text/html", "multipart/alternative", "multipart/mixed", "multipart/related"} <= types
    assert 1000 < sum(1 for r in rows if r[3] & 32) < 1999 and any(r[5] for r in rows) and any(r[4] for r in rows)
    charsets, threads = set(), 0
    for mid, size, *_ in rows[:400]:
        raw = anton.source(mid)
        assert len(raw) == size
        m = email.message_from_bytes(raw, policy=email.policy.default)
        assert not m.defects and m["From"] and m["Date"] and m["Message-ID"]
        threads += bool(m["References"])
        for part in m.walk():
            assert not part.defects
            charsets.add(part.get_content_charset())
            if part.get_content_maintype() == "text":
                part.get_content()
    assert {"us-ascii", "utf-8", "iso-8859-1", "iso-8859-15", "windows-1252"} <= charsets and threads > 50
    got = anton.get("threadedAll", folder=IN, columns="600")
    assert len(got) < 1500 and sum(len(t["thread"]) for t in got) == 2000


def test_generated_mail_is_the_same_every_time(ox, anton):
    ox.mail(generate=30, seed=3)
    ox.mail(folder=SENT, generate=30, seed=3)
    ox.mail(folder=DRAFTS, generate=30, seed=4)
    sources = {f: [anton.source(str(i + 1), f) for i in range(30)] for f in (IN, SENT, DRAFTS)}
    assert sources[IN] == sources[SENT] and sources[IN] != sources[DRAFTS]
    moved = anton.put("update", {"folder_id": TRASH}, folder=IN, id="5")["id"]
    assert anton.source(moved, TRASH) == sources[IN][4]


def test_hundred_thousand_mails(ox, anton):
    ox.mail(generate=100000, seed=1)
    state = anton.get("examine", folder=IN)
    assert state["total"] == 100000 and state["next"] == "100001"
    rows = anton.all(columns="600,611,610", sort=610, order="desc")
    assert len(rows) == 100000 and rows[0][2] > rows[-1][2]
    assert len(anton.put("list", [{"folder": IN, "id": str(i)} for i in range(500, 600)], columns="600,603,607")) == 100
