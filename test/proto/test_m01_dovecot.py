# SPDX-License-Identifier: Apache-2.0
"""A real mail server: Dovecot takes mail by LMTP and serves it by IMAP to the OX stand-in, which shows it to phones."""
import email
import email.policy
import imaplib
import json
import queue
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from easlib.corpus import corpus, crlf
from easlib.dovecot import PASSWORD, PROGRAM, Dovecot
from easlib.items import mime
from easlib.mark import every
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E, Move as M, Tasks

USERS = [f"mail{i}" for i in range(32)]
names = list(USERS)


class Hints:
    """Where Dovecot's push driver for Open-Xchange sends its notifications: (user and password, body) of each."""

    def __init__(self):
        self.got = queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.got.put((handler.headers.get("Authorization"), json.loads(body)))
                answer = b'{"success":true}'
                handler.send_response(200)
                handler.send_header("Content-Length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            def log_message(handler, *args):
                pass
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://login:secret@127.0.0.1:{self.server.server_port}/preliminary/http-notify/v1/notify"


@pytest.fixture(scope="module")
def hints():
    h = Hints()
    yield h
    h.server.shutdown()
    h.server.server_close()


@pytest.fixture(scope="module")
def dovecot(site, hints):
    if not PROGRAM:
        pytest.skip("dovecot is not installed (dovecot-imapd, dovecot-lmtpd)")
    server = Dovecot(site.folder, USERS, hints.url)
    yield server
    output = server.output()
    server.stop()
    assert "Error:" not in output and "Panic:" not in output, output


@pytest.fixture
def box(site, dovecot, user):
    """(OX user, name at Dovecot): each test has a mailbox of its own."""
    name = names.pop()
    site.ox.control("module/mail", op="imap", user=user.name, port=dovecot.imap_port, login=name, password=PASSWORD)
    yield user, name
    site.ox.control("module/mail", op="imap", user=user.name, port=0)




def subjects(client, folder="INBOX"):
    """{subject: flags} as another IMAP client sees them."""
    client.select(folder, readonly=True)
    out = {}
    for part in client.fetch("1:*", "(FLAGS BODY.PEEK[])")[1]:
        if isinstance(part, tuple):
            m = email.message_from_bytes(part[1], policy=email.policy.default)
            out[str(m["Subject"])] = {f.decode() for f in imaplib.ParseFlags(part[0])}
    return out


@every("2.5", "16.1")
def test_delivered_by_lmtp(phone, dovecot, box, version):
    """Mail comes by LMTP, the phone has it with its next Sync: text, umlauts, an attachment, the bytes."""
    user, name = box
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    raw = mime("absender@example.org", user.address, "Grüße von draußen", "Über LMTP gekommen")
    dovecot.deliver(name, raw)
    t = r.sync(cid)[-1]
    assert r.texts(cid, "Email:Subject") == ["Grüße von draußen"], t
    (sid, d), = r.collections[cid].items.items()
    assert "Über LMTP gekommen" in body_text(d) and d.val("Email:Read") == "0"
    # A second one, and one that is gone again before the phone looks.
    dovecot.deliver(name, mime("b@example.org", user.address, "Zweite"))
    dovecot.deliver(name, mime("b@example.org", user.address, "Dritte"))
    client = dovecot.imap(name)
    client.select("INBOX")
    client.uid("STORE", client.uid("SEARCH", "SUBJECT", "Dritte")[1][0].decode(), "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.logout()
    r.sync(cid)
    assert sorted(r.texts(cid, "Email:Subject")) == ["Grüße von draußen", "Zweite"]


@every("14.1")
def test_flags_both_ways(phone, dovecot, box, version):
    """Read and flagged on the phone is so at the mail server, and the other way."""
    user, name = box
    for s in ("Eins", "Zwei"):
        dovecot.deliver(name, mime("b@example.org", user.address, s))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.sync(cid)
    by = {d.val("Email:Subject"): s for s, d in r.collections[cid].items.items()}
    flag = E.Flag(E.Status("2"), E.FlagType("Follow up"), Tasks.ReminderSet("0"))
    t = r.turn(cid, [A.Change(A.ServerId(by["Eins"]), A.ApplicationData(E.Read("1"), flag))])
    assert t.status == "1" and not t.responses, t
    client = dovecot.imap(name)
    assert {s: f - {"\\Recent"} for s, f in subjects(client).items()} == {"Eins": {"\\Seen", "\\Flagged"}, "Zwei": set()}
    client.select("INBOX")
    client.store("1", "-FLAGS", "(\\Flagged)")
    client.store("2", "+FLAGS", "(\\Seen)")
    client.logout()
    t = r.turn(cid)
    changes = t.of("Change")
    assert changes[by["Zwei"]].val("Email:Read") == "1", t
    assert changes[by["Eins"]].get("Email:Flag") is not None and changes[by["Eins"]].val("Email:Flag/Status") in (None, "0"), t


@every("16.1")
def test_delete_move_and_send(phone, dovecot, box, other_user, version):
    """Deleted is in Dovecot's Trash, moved is where it went, sent is in Sent, a draft is in Drafts."""
    user, name = box
    for s in ("Weg", "Anderswo", "Bleibt"):
        dovecot.deliver(name, mime("b@example.org", user.address, s))
    r = phone(version, user=user)
    cid, trash, drafts = r.folder(2), r.folder(4), r.folder(3)
    r.sync(cid)
    r.sync(drafts)
    by = {d.val("Email:Subject"): s for s, d in r.collections[cid].items.items()}
    del r.collections[cid].items[by["Weg"]]
    t = r.turn(cid, [A.Delete(A.ServerId(by["Weg"]))])
    assert t.status == "1", t
    spam = r.folder_named("Spam") or trash
    a = r.device.cmd("MoveItems", M.MoveItems(M.Move(M.SrcMsgId(by["Anderswo"]), M.SrcFldId(cid), M.DstFldId(spam))))
    assert a.doc.val("Response/Status") == "3", a
    r.collections[cid].items.pop(by["Anderswo"])
    assert r.device.sendmail(mime(user.address, other_user.address, "Gesendet"), save=True).status == 200
    t = r.turn(drafts, [A.Add(A.ClientId("d1"), A.ApplicationData(
        E.To("b@example.org"), E.Subject("Entwurf"), B.Body(B.Type("1"), B.Data("noch nicht fertig"))))])
    assert t.response("Add", ClientId="d1").val("Status") == "1", t
    client = dovecot.imap(name)
    assert set(subjects(client)) == {"Bleibt"}
    assert set(subjects(client, "Trash")) | set(subjects(client, "Spam")) == {"Weg", "Anderswo"}
    assert "\\Seen" in subjects(client, "Sent")["Gesendet"]
    assert "\\Draft" in subjects(client, "Drafts")["Entwurf"]
    client.logout()
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["Bleibt"]


@every("16.1")
def test_large_and_odd_mails(phone, dovecot, box, version):
    """What the corpus has that a mail server takes comes through Dovecot as it was delivered."""
    user, name = box
    mails = [m for m in corpus() if m.name.split(":")[0] in ("parts", "sealed", "name", "tnef", "html")
             and b"\0" not in m.raw and not m.raw.startswith((b"\r\n", b"From "))]
    assert len(mails) > 60
    for m in mails:
        dovecot.deliver(name, m.raw)
    r = phone(version, user=user)
    cid = r.folder(2)
    r.turn(cid)
    r.sync(cid, options=A.Options(A.FilterType("0"), A.MIMESupport("2"), B.BodyPreference(B.Type("4"))))
    got = []
    for d in r.collections[cid].items.values():
        data = d["AirSyncBase:Body/Data"].value
        got.append(data if isinstance(data, bytes) else data.encode())
    whole = [g.rstrip(b"\r\n") for g in got]  # below the lines that the mail server has put on top
    left = [m.name for m in mails if not any(g.endswith(crlf(m.raw).rstrip(b"\r\n")) for g in whole)]
    assert len(got) == len(mails) and not left, left


def test_notification(dovecot, hints, box, log):
    """A new mail makes Dovecot call what it was told to call for this user, with what the contract of OX says."""
    user, name = box
    client = dovecot.imap(name)
    said = client.xatom("SETMETADATA", '""', '(/private/vendor/vendor.dovecot/http-notify "user=11@3")')
    assert said[0] == "OK", said
    client.logout()
    dovecot.deliver(name, mime("b@example.org", user.address, "Neu"))
    users = set()
    for _ in range(2):
        authorization, body = hints.got.get(timeout=10)
        assert authorization == "Basic bG9naW46c2VjcmV0"
        assert (body["event"].lower(), body["folder"]) == ("messagenew", "INBOX"), body
        assert body["imap-uid"] == 1 and body["imap-uidvalidity"] > 0, body
        users.add(body["user"])
    # With user_from_metadata the user of Open-Xchange, without it the name that has logged in at the mail server.
    assert users == {"11@3", name}
