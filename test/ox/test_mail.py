# SPDX-License-Identifier: Apache-2.0
"""Module mail of the stand-in: listings, search and get (section 3 of the contract)."""
import json

import pytest

from mail_lib import ALT, IN, T0, DRAFTS, SENT, SPAM, TRASH, OxError, anton, berta, ox, server  # noqa: F401


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
                        "cc": "c@x.example", "subject": "Grüße", "text": "Hallo\nWelt", "date": T0, "flags": 9,
                        "color": 3,
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
    answer = anton.answer("GET", "all", folder=IN, columns="600", sort=610, order="desc", left_hand_limit=1,
        right_hand_limit=3)
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
        "a": {"from": "Berta Beispiel <berta@example.org>", "subject": "Minutes", "date": T0, "flags": 0,
        "text": "Hello äther",
              "priority": 1},
        "b": {"from": "Carl <carl@x.example>", "cc": "Dora <dora@x.example>", "subject": "Project Plan",
        "date": T0 + 1000,
              "flags": 33, "text": "x" * 5000, "attachments": [{"name": "plan.pdf", "type": "application/pdf",
              "size": 9}]},
        "c": {"from": "berta@example.org", "to": "team@x.example", "bcc": "boss@x.example", "subject": "Größe",
        "date": T0 + 2000,
              "flags": 40, "html": "<p>some <b>bold</b> words</p>"}}
    for n, row in rows.items():
        names[ox.deliver(**row)] = n
    return lambda term: "".join(sorted(names[r[0]] for r in anton.put("search", {"filter": term}, folder=IN,
        columns="600")))


@pytest.mark.parametrize("term,want", [
    (["=", FIELD("from"), "berta@example.org"], "ac"), (["=", FIELD("from"), "Beispiel"], "a"),
    (["<>", FIELD("from"), "berta"], "b"), (["=", "berta", FIELD("from")], "ac"),
    (["=", FIELD("to"), "team@*"], "c"), (["=", FIELD("cc"), "DORA"], "b"), (["=", FIELD("bcc"), "boss"], "c"),
    (["=", FIELD("subject"), "min*"], "a"), (["=", FIELD("subject"), "plan"], "b"),
    (["=", FIELD("subject"), "Pr?ject*"], "b"),
    (["=", FIELD("subject"), "plan*"], ""), (["=", FIELD("subject"), "GRÖSSE"], "c"),
    (["=", FIELD("subject"), "größe"], "c"),
    (["<", FIELD("subject"), "n"], "ac"), ([">=", FIELD("subject"), "project plan"], "b"),
    ([">", FIELD("received_date"), T0], "bc"), ([">=", FIELD("received_date"), T0 + 1000], "bc"),
    (["<", FIELD("received_date"), T0 + 1000], "a"), (["<", T0 + 1000, FIELD("received_date")], "c"),
    (["<=", FIELD("sent_date"), T0 + 1000], "ab"), ([">", FIELD("size"), 4000], "b"),
    (["<", FIELD("size"), 4000], "ac"),
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
    [], ["="], ["=", FIELD("subject")], ["=", FIELD("nope"), "x"], ["and"],
    ["not", ["=", FIELD("to"), "x"], ["=", FIELD("to"), "y"]],
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
    assert {k: m[k] for k in ("id", "folder_id", "attachment", "from", "to", "cc", "bcc", "subject", "flags",
        "color_label",
                              "priority", "received_date", "content_type")} == {
        "id": mid, "folder_id": IN, "attachment": True, "from": [[None, "b@x.example"]],
        "to": [[None, "anton@example.org"]],
        "cc": [], "bcc": [], "subject": "alt", "flags": 8, "color_label": 2, "priority": 3, "received_date": T0,
        "content_type": "multipart/mixed"}
    assert m["size"] == len(anton.source(mid)) and "sent_date" not in m and "msgref" not in m
    assert anton.mail(mid, edit="1")["msgref"] == f"{IN}/{mid}"


@pytest.mark.parametrize("view,first,other", [
    ("text", ("1.1", "text/plain", "Grüße"), ("1.2", "text/html")),
    ("textNoHtmlAttach", ("1.1", "text/plain", "Grüße"), None),
    ("raw", ("1.1", "text/plain", "Grüße"), ("1.2", "text/html")),
    ("html", ("1.2", "text/html", "<p >Grüße</p>"), ("1.1", "text/plain")),
    ("noimg", ("1.2", "text/html", "<p >Grüße</p>"), ("1.1", "text/plain")),
    ("document", ("1.2", "text/html", "<html>"), ("1.1", "text/plain"))])
def test_views(ox, anton, view, first, other):
    mid = ox.deliver(raw=ALT)
    m = anton.mail(mid, view=view)
    body = m["attachments"][0]
    assert (body["id"], body["content_type"], body["disp"]) == (*first[:2],
        "inline") and body["content"].startswith(first[2])
    alts = [(a["id"], a["content_type"]) for a in m["attachments"] if a["disp"] == "alternative"]
    assert alts == ([other] if other else [])
    html = next((a["content"] for a in m["attachments"] if a["content_type"] == "text/html"), "")
    assert ("script" in html) == (view == "raw")
    assert ("t.example" in html) == (view in ("raw", "text", "html", "document"))
    assert not html or "cid:c1@x" in html
    files = [(a["id"], a["content_type"], a.get("filename"), a["disp"], a.get("cid"), a["size"])
        for a in m["attachments"]
             if "content" not in a]
    assert files == [("2", "image/png", "l.png", "inline", "<c1@x>", 6),
        ("3", "application/pdf", "a.pdf", "attachment", None, 5)]
    inner, = m["nested_msgs"]
    assert (inner["id"], inner["subject"], inner["attachments"][0]["content"].strip()) == (
        "4", "inner", "Inner text")
    assert inner["attachments"][0]["content_type"] == ("text/html"
        if view in ("html", "noimg", "document") else "text/plain")
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
                                          ("windows-1252", "Größe €".encode("cp1252")),
                                          ("iso-8859-15", "Größe €".encode("iso-8859-15")),
                                          ("koi8-r", "Привет".encode("koi8-r")),
                                          ("iso-2022-jp", "山田".encode("iso-2022-jp"))])
def test_charsets(ox, anton, charset, data):
    raw = b"From: a@x\r\nSubject: =?" + charset.encode() + b"?Q?" + b"".join(b"=%02X" % c for c in data) + b"?=\r\n" \
          b"Content-Type: text/plain; charset=" + charset.encode() + \
          b"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + data
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
    raw = ("Received: one\r\nReceived: two\r\nFrom: a@x\r\nTo: b@x\r\nSubject: s\r\nX-Long: a\r\n b\r\n"
           "Message-ID: <q@x>\r\n\r\nbody\r\n")
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
           "Content-Type: text/calendar; method=REQUEST; charset=utf-8\r\n\r\n"
           "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n--a--\r\n")
    mid = ox.deliver(raw=raw)
    cal = next(a for a in anton.mail(mid)["attachments"] if a["content_type"] == "text/calendar")
    assert cal["disp"] == "alternative" and "content" not in cal
    assert anton.bytes("attachment", folder=IN, id=mid, attachment=cal["id"])[0].startswith(b"BEGIN:VCALENDAR")
    assert anton.all(columns="602") == [[False]]
