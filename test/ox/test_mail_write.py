# SPDX-License-Identifier: Apache-2.0
"""Module mail of the stand-in: changes, sending, quota, persistence, synthetic mail."""
import email
import email.policy
import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from mail_lib import (ALT, DRAFTS, IN, MSG, SENT, SPAM, T0, TRASH, OxError, Server, User,  # noqa: F401
                      anton, berta, ox, server)


# ---- changes --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("start,body,want", [
    (1, {"set_flags": 40, "clear_flags": 1}, 40), (32, {"flags": 32, "value": False}, 0),
    (0, {"flags": 32, "value": True}, 32),
    (40, {"flags": 8}, 32), (0, {"set_flags": 1023}, 943), (943, {"clear_flags": 1023}, 0),
    (0, {"set_flags": 8, "clear_flags": 8}, 0),
    (0, {"flags": 8, "value": True, "clear_flags": 8, "set_flags": 512}, 512), (0, {"set_flags": 16 + 64}, 0),
    (9, {}, 9)])
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
    raw = ("From: Anton Meier <anton@example.org>\r\nTo: Berta <BERTA@example.org>, x@far.example\r\n"
           "Cc: a.meier@example.org\r\n"
           "Bcc: berta@example.org\r\nSubject: =?utf-8?B?R3LDvMOfZQ==?=\r\nMIME-Version: 1.0\r\n"
           "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
           "Gr=C3=BC=C3=9Fe\r\n")
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
    assert sent["from"] == "anton@example.org" and sent["to"] == ["BERTA@example.org", "x@far.example",
        "a.meier@example.org"]


def test_send_keeps_own_date_and_id_unless_new(ox, anton, berta):
    own = "\r\nMessage-ID: <own@x>\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n\r\n"
    raw = MSG.format("s", "b").replace("\r\n\r\n", own, 1)
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
    assert [r[0] for r in berta.all(columns="603")] == [[["Anton Meier", "boss@example.org"]],
        [["Anton Meier", "A.Meier@example.org"]],
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
    body = [{"module": "mail", "action": "new", "data": MSG.format("m", "b")},
        {"module": "mail", "action": "examine", "folder": SENT}]
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
    assert m["subject"] == "Häuser" and m["priority"] == 1 and m["bcc"] == []
    assert m["disp_notification_to"] == "anton@example.org"
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
    _, data, kind = anton.upload("import", [("file", "m.eml", "message/rfc822", one),
        ("file2", "n.eml", "message/rfc822", two)],
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
    mid = ox.deliver(**{"from": "Berta <berta@example.org>", "to": "anton@example.org, c@x.example",
        "cc": "d@x.example, a.meier@example.org",
                        "subject": "Q", "text": "Why?"})
    m = anton.get(action, folder=IN, id=mid, view="text")
    assert m["to"] == to and m["cc"] == cc and m["subject"] == "Re: Q" and m["msgref"] == f"{IN}/{mid}"
    assert "> Why?" in m["attachments"][0]["content"] and anton.flags(mid) == 0
    again = ox.deliver(**{"from": "z@x", "headers": {"Reply-To": "Else <else@x.example>"}, "subject": "RE: Q"})
    m = anton.get("reply", folder=IN, id=again, view="html")
    assert m["to"] == [["Else", "else@x.example"]] and m["subject"] == "RE: Q"
    assert "<blockquote" in m["attachments"][0]["content"]


def test_prepared_forward(ox, anton):
    mid = ox.deliver(raw=ALT)
    m = anton.get("forward", folder=IN, id=mid, view="text")
    assert m["subject"] == "Fwd: alt" and "to" not in m
    assert [a["id"] for a in m["attachments"]] == ["1", "2", "3", "4"]


# ---- quota, control, persistence ------------------------------------------------------------------------------------
def test_quota_switch(ox, anton, berta):
    mid = ox.deliver(subject="s")
    ox.control("switch", **{"mail-quota": "full"})
    calls = [lambda: anton.send(MSG.format("s", "b"), folder=DRAFTS),
        lambda: anton.put("copy", {"folder_id": SENT}, folder=IN, id=mid),
             lambda: anton.send(MSG.format("s", "b"))]
    for call in calls:
        with pytest.raises(OxError) as e:
            call()
        assert e.value.category == "CAPACITY"
    assert e.value.code == "MSG-0042" and len(berta.all()) == 1, "the mail itself was sent"
    answer = json.loads(anton.upload("import", [("file", "m.eml", "message/rfc822", b"Subject: s\r\n\r\n")],
        folder=IN)[1])
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
        _, data, _ = anton.raw("PUT", "folders", {"action": action, "session": anton.session, **params},
            json.dumps(body))
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
    look = lambda: [u.get("examine", folder=IN), u.get("examine", folder=SENT),
        u.all(columns="600,607,608,610,611,102"),  # noqa: E731
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


def test_hostile_structures(ox, anton):
    """Thousands of nested or neighbouring parts must neither kill the server nor take long."""
    deep = "From: a@x\r\nSubject: deep\r\n" + "".join(
        f"Content-Type: multipart/mixed; boundary=b{i}\r\n\r\n--b{i}\r\n" for i in range(3000)) + "\r\nbottom\r\n"
    wide = "From: a@x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + "--b\r\n\r\nx\r\n" * 5000 + "--b--\r\n"
    matryoshka = "From: a@x\r\nContent-Type: message/rfc822\r\n\r\n" * 500 + "\r\nx\r\n"
    long = "Subject: " + "x" * 300000 + "\r\nTo: " + ", ".join(f"u{i}@x.example" for i in range(3000)) + "\r\n\r\nx"
    for raw in (deep, wide, matryoshka, long, "", "\r\n", "no header at all", ":\r\n: \r\n", "From\r\n\r\n", "A: b"):
        _, data, _ = anton.upload("import", [("file", "m.eml", "message/rfc822", raw.encode() or b"\n")], folder=IN)
        mid = json.loads(data)["data"][0]["id"]
        anton.mail(mid, view="html")
        anton.all(columns="600,602,603,604,607,609,656,663")
        anton.put("search", {"filter": ["=", {"field": "content"}, "bottom"]}, folder=IN, columns="600")
        anton.get("forward", folder=IN, id=mid, view="text")
    assert anton.get("count", folder=IN) == 10


def test_readers_side_by_side(ox, anton):
    """Heads, attachment marks and orders are made under a shared lock."""
    ox.mail(generate=600, seed=9)
    users = [User(ox, "anton") for _ in range(4)]
    want = {}

    def read(n):
        out = {}
        for i in range(12):
            key = (600, 603, 607, 608, 602, 610)[(i + n) % 6]
            out[key] = users[n].all(columns="600,602,603,607", sort=key)
        return out
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(read, range(4)):
            want = want or got
            assert got == want
