# SPDX-License-Identifier: Apache-2.0
"""Plays golden-mail.txt against the stand-in."""
import json
import pathlib
import re
from urllib.parse import quote

import pytest

from mail_lib import T0, User, seed, server  # noqa: F401

TEXT = (pathlib.Path(__file__).parent / "golden-mail.txt").read_text()


def minutes():
    """Mail 4710 of the fixture: 20480 bytes with a PDF of 18000."""
    pdf = ("%PDF-1.4\r\n" + "x" * 18000)[:18000]
    head = ("From: Berta Beispiel <berta@example.org>\r\nTo: Anton Meier <anton@example.org>\r\nSubject: Minutes\r\n"
            "Date: Mon, 20 Nov 2023 08:58:20 +0000\r\nMessage-ID: <m1@example.org>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n")
    tail = ("\r\n--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n--b\r\nContent-Type: application/pdf\r\n"
            "Content-Disposition: attachment; filename=\"minutes.pdf\"\r\n\r\n" + pdf + "\r\n--b--\r\n")
    return head + "." * (20480 - len(head) - len(tail)) + tail


def fixture():
    old = [{"from": f"p{i}@far.example", "subject": f"Old {i}", "date": T0 - 86400000 * (20 - i), "uid": 4600 + i,
            "flags": 0 if i in (2, 5) else 32, "text": "old"} for i in range(9)]
    mails = [{**old[0], "uidvalidity": 1358854322}, *old[1:],
             {"uid": 4705, "flags": 41, "color": 3, "date": 1700300000000, "from": "berta@example.org",
             "subject": "Offer"},
             {"uid": 4708, "flags": 32, "date": 1700400000000, "from": "carl@far.example", "subject": "Lunch"},
             {"uid": 4710, "raw": minutes(), "date": 1700470800000}]
    for folder, uid, count, following in (("INBOX/Project", 1, 2, 17), ("Sent", 80, 5, 88), ("Trash", 8, 2, 10),
                                          ("Spam", 1, 2, 3), ("Drafts", 30, 0, 31)):
        mails.append({"folder": folder, "uid": uid, "count": count, "uidnext": following, "subject": folder,
                      "flags": 32})
    data = seed()
    data["contexts"][0]["users"][0]["mails"] = mails
    return data


def cases():
    for block in re.split(r"\n(?=E\d+ [DCI] )", TEXT)[1:]:
        title, *lines = block.strip().split("\n")
        exchanges, fresh = [], False
        for line in lines:
            kind, text = line[0], line[2:]
            if kind == "=":
                fresh = True
            elif kind == ">" and (not exchanges or exchanges[-1][1]):
                exchanges.append(([text], []))
            else:
                exchanges[-1]["><".index(kind)].append(text)
        yield title, fresh, exchanges


def request_of(lines, session):
    method, target = lines[0].split(" ", 1)
    path, _, query = target.replace("$S", session).partition("?")
    query = "&".join(f"{k}={quote(v, safe='')}" for k, v in (p.split("=", 1) for p in query.split("&")))
    headers, body = {}, lines[1:]
    while "" in body:
        line = body.pop(0)
        if line:
            name, value = line.split(": ", 1)
            headers[name] = value
    text = "".join(body)
    return method, f"{path}?{query}", headers, text if text[:1] in "[{" else text.replace("\\r\\n", "\r\n")


def text_like(want, got):
    return re.fullmatch("(?s)" + ".*".join(map(re.escape, want.split("…"))), got) is not None


def check(want, got, where="answer"):
    if isinstance(want, dict):
        assert isinstance(got, dict), where
        for k, v in want.items():
            assert k in got, f"{where}.{k} is missing in {got}"
            check(v, got[k], f"{where}.{k}")
    elif isinstance(want, list):
        assert isinstance(got, list) and len(got) == len(want), f"{where}: {got}"
        for i, v in enumerate(want):
            check(v, got[i], f"{where}[{i}]")
    elif isinstance(want, str):
        assert isinstance(got, str) and text_like(want, got), f"{where}: {got!r} is not {want!r}"
    else:
        assert got == want and isinstance(got, bool) == isinstance(want, bool), f"{where}: {got!r} is not {want!r}"


@pytest.fixture(scope="module")
def state(server):  # noqa: F811
    return {"server": server, "user": None}


@pytest.mark.parametrize("title,fresh,exchanges", [pytest.param(*c, id=c[0].split()[0]) for c in cases()])
def test_golden(state, title, fresh, exchanges):
    if fresh or not state["user"]:
        state["server"].control("seed", **fixture())
        state["user"] = User(state["server"], "anton")
    user = state["user"]
    for sent, expected in exchanges:
        method, target, headers, body = request_of(sent, user.session)
        status, data, kind = user.exchange(method, target, headers, body.encode() or None)
        want, _, want_kind = expected[0].partition(" ")
        assert str(status) == want and kind.startswith(want_kind or "text/javascript"), (status, kind, data[:200])
        text = "\n".join(expected[1:])
        if want_kind:
            assert text_like(text, data.decode("latin-1")), data[:200]
        else:
            check(json.loads(text), json.loads(data))


def test_every_case_is_there():
    assert [c[0].split()[0] for c in cases()] == [f"E{i}" for i in range(31, 57)]
