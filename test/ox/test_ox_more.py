# SPDX-License-Identifier: Apache-2.0
"""The stand-in's smaller modules, what users may not do, and how fast it is."""
import json
import os
import socket
import threading
import time

import pytest

from mail_lib import seed, server  # noqa: F401
from test_ox import DAY, FAR, NINE, Ox, defaults, ox  # noqa: F401


@pytest.fixture
def anton(ox):  # noqa: F811
    return Ox(ox, "anton")


@pytest.fixture
def berta(ox):  # noqa: F811
    return Ox(ox, "berta")


# ---- capabilities ----

@pytest.mark.parametrize("cap,call,code", [
    ("contacts", ("contacts", "all", None, {"folder": 6, "columns": "1"}), "CON-0110"),
    ("tasks", ("tasks", "all", None, {"folder": 33, "columns": "1"}), "TSK-0024"),
    ("calendar", ("calendar", "resolveuid", None, {"uid": "x"}), "CAL-4036"),
    ("webmail", ("mail", "examine", None, {"folder": "default0/INBOX"}), "MSG-0013"),
    ("mailfilter", ("mailfilter", "list", None, {}), "MAIL_FILTER-0012"),
    ("gab", ("contacts", "all", None, {"folder": 6, "columns": "1"}), "CON-0104"),
    ("delegate_tasks", ("tasks", "new", {"folder_id": "33", "participants": [{"id": 5, "type": 1}]}, {}), "TSK-0026"),
    ("edit_public_folders", ("folders", "new", {"folder": {"title": "x", "module": "tasks"}}, {"folder_id": 2}),
     "FLD-1029"),
])
def test_without_capability(ox, anton, cap, call, code):  # noqa: F811
    module, action, body, params = call
    if action == "new":
        assert anton.code(module, action, body, **params) is None
    ox.control("user", user="anton", caps={cap: False})
    assert anton.code(module, action, body, **params) == code


# ---- config, user, rules ----

def test_config_write(anton):
    assert anton.good("config/mail/sendaddress", None)["data"] == "anton@example.org"
    anton.good("config/mail/sendaddress", None, {"data": "a.meier@example.org"})
    assert anton.good("config/mail/sendaddress", None)["data"] == "a.meier@example.org"
    assert anton.call("config/no/such", None)["category"] == 8


def test_user_timezone_moves_times(anton):
    folder = defaults(anton)
    aid, _ = anton.new("calendar", folder_id=folder, start_date=NINE, end_date=NINE + 1)
    anton.good("user", "update", {"timezone": "Asia/Kolkata"}, id=4)
    raw = json.loads(anton.raw("GET", "calendar", {"action": "get", "id": aid, "folder": folder,
                                                   "session": anton.session})[1])
    assert raw["data"]["start_date"] == NINE + 19800000
    assert anton.call("calendar", "get", id=aid, folder=folder, timezone="No/Where")["code"] == "SVL-0004"


def test_user_lists(anton):
    rows = anton.good("user", "list", [5, 4], columns="1,500,614,555,610")["data"]
    assert {r[0]: r[3] for r in rows} == {"4": "anton@example.org", "5": "berta@example.org"}
    assert rows[0][4] == ["a.meier@example.org", "anton@example.org"]
    assert anton.good("contacts", "getuser", id=5)["data"]["display_name"] == "Berta Beispiel"
    assert [r[0] for r in anton.good("user", "search", {"pattern": "ber*"}, columns="1")["data"]] == ["5"]


def test_attributes(anton):
    anton.good("user", "setAttribute", {"name": "n", "value": "v"}, id=4)
    assert anton.good("user", "getAttribute", id=4, name="n")["data"] == {"name": "n", "value": "v"}


def test_rules(anton):
    rule = {"rulename": "r", "test": {"id": "true"}, "actioncmds": [{"id": "keep"}]}
    ids = [anton.good("mailfilter", "new", rule)["data"] for _ in range(3)]
    anton.good("mailfilter", "reorder", [ids[2], ids[0], ids[1]])
    anton.good("mailfilter", "delete", {"id": ids[0]})
    rows = anton.good("mailfilter", "list")["data"]
    assert [(r["id"], r["position"], r["active"]) for r in rows] == [(ids[2], 0, True), (ids[1], 1, True)]
    assert anton.code("mailfilter", "update", {"id": 99, "active": False}) == "MAIL_FILTER-0002"
    assert anton.code("mailfilter", "new", {**rule, "actioncmds": [{"id": "vacation"}]}) == "MAIL_FILTER-0019"
    tests = [t["test"] for t in anton.good("mailfilter", "config")["data"]["tests"]]
    anton.server.control("switch", **{"sieve-currentdate": "off"})
    assert set(tests) - {t["test"] for t in anton.good("mailfilter", "config")["data"]["tests"]} == {"currentdate"}


# ---- attachments, reminders ----

def test_attachment_changes_its_object(ox, anton):  # noqa: F811
    folder = defaults(anton, "tasks")
    tid, ts = anton.new("tasks", folder_id=folder, title="x")
    fields = json.dumps({"folder": folder, "attached": tid, "module": 4, "filename": "n.txt"}).encode()
    parts = [("json_0", None, "application/json", fields), ("file_0", "f.txt", "text/plain", b"some\r\nbytes")]
    _, page, kind = upload(anton, "attachment", "attach", parts)
    assert kind.startswith("text/html") and b"callback_attach" in page
    att = json.loads(page[page.index(b"({") + 1:page.rindex(b"})") + 1])["data"][0]
    where = {"attached": tid, "folder": folder, "module": 4}
    assert anton.good("tasks", "updates", folder=folder, columns="1,104", timestamp=ts)["data"] == [[tid, 1]]
    assert anton.good("attachment", "all", columns="803,804,805", **where)["data"] == [["n.txt", 11, "text/plain"]]
    before = anton.good("attachment", "all", columns="1", **where)["timestamp"]
    data = anton.raw("GET", "attachment", {"action": "document", "id": att, "session": anton.session, **where})[1]
    assert data == b"some\r\nbytes"
    anton.good("attachment", "detach", [att], **where)
    assert anton.good("attachment", "updates", columns="1", timestamp=before, **where)["data"] == [int(att)]
    assert anton.code("attachment", "detach", [att], **where) == "ATT-0001"
    ox.control("switch", **{"attachment-max": 5})
    assert b"CAPACITY" in upload(anton, "attachment", "attach", parts)[1]


def upload(user, module, action, parts, **params):
    body = b""
    for name, filename, kind, data in parts:
        extra = f'; filename="{filename}"' if filename else ""
        body += f'--b\r\nContent-Disposition: form-data; name="{name}"{extra}\r\nContent-Type: {kind}\r\n\r\n'.encode()
        body += data + b"\r\n"
    full = {"action": action, "session": user.session, **params}
    return user.raw("POST", module, full, body + b"--b--\r\n", "multipart/form-data; boundary=b")


def test_new_contact_with_picture(anton):
    fields = json.dumps({"folder_id": defaults(anton, "contacts"), "display_name": "x"}).encode()
    parts = [("json", None, "text/plain", fields), ("file", "p", "image/png", b"PNG")]
    page = upload(anton, "contacts", "new", parts)[1]
    cid = json.loads(page[page.index(b"({") + 1:page.rindex(b"})") + 1])["data"]["id"]
    status, data, kind = anton.raw("GET", "contacts/picture", {"action": "get", "contact_id": cid,
                                                               "session": anton.session, "width": 10})
    assert (status, data, kind) == (200, b"PNG", "image/png")
    page = upload(anton, "contacts", "new", [parts[0], ("file", "p", "text/html", b"<p>")])[1]
    assert b"CON-0166" in page and b"callback_new" in page


def test_reminders(ox, anton):  # noqa: F811
    ox.control("clock", now=NINE - DAY)
    folder = defaults(anton)
    aid, _ = anton.new("calendar", folder_id=folder, start_date=NINE, end_date=NINE + 1, alarm=15)
    tid, _ = anton.new("tasks", folder_id=defaults(anton, "tasks"), title="t", alarm=NINE)
    rows = anton.good("reminder", "range", end=NINE + 1)["data"]
    assert sorted((r["module"], r["target_id"], r["alarm"]) for r in rows) == [
        (1, int(aid), NINE - 900000), (4, int(tid), NINE)]
    anton.good("reminder", "delete", [{"id": r["id"]} for r in rows if r["module"] == 1])
    assert [r["module"] for r in anton.good("reminder", "range", end=NINE + 1)["data"]] == [4]


# ---- calendar odds and ends ----

def test_has_copy_search_and_range(anton):
    folder = defaults(anton)
    midnight = NINE - NINE % DAY
    aid, _ = anton.new("calendar", folder_id=folder, title="Früh", start_date=NINE, end_date=NINE + 1)
    assert anton.good("calendar", "has", start=midnight - DAY, end=midnight + 2 * DAY)["data"] == [False, True, False]
    assert anton.good("calendar", "search", {"pattern": "*früh*"}, columns="1")["data"] == [[aid]]
    copy = anton.good("calendar", "copy", {"folder_id": folder, "ignore_conflicts": True}, id=aid, folder=folder)
    assert copy["data"]["id"] != aid
    ask = {"folder": folder, "columns": "1", "timestamp": 0, "recurrence_master": "true"}
    assert len(anton.good("calendar", "updates", start=midnight, end=midnight + DAY, **ask)["data"]) == 2
    assert anton.good("calendar", "updates", start=midnight + DAY, end=midnight + 2 * DAY, **ask)["data"] == []
    assert anton.code("calendar", "updates", timestamp=0, columns="1") == "SVL-0002"


def test_range_is_shifted_by_the_zone(anton):
    folder = defaults(anton)
    late = 1700521200000  # 2023-11-20 23:00 UTC, the 21st in Berlin
    anton.new("calendar", folder_id=folder, start_date=late, end_date=late + 60000)
    day = {"folder": folder, "columns": "201", "start": NINE - NINE % DAY, "end": NINE - NINE % DAY + DAY}
    assert anton.good("calendar", "all", **day)["data"] == [[late]]
    assert anton.good("calendar", "all", **{**day, "timezone": "Europe/Berlin"})["data"] == []


def test_group_participants(ox, anton, berta):  # noqa: F811
    folder = defaults(anton)
    aid, _ = anton.new("calendar", folder_id=folder, start_date=NINE, end_date=NINE,
                       participants=[{"id": 0, "type": 2}])
    assert [u["id"] for u in anton.good("calendar", "get", id=aid, folder=folder)["data"]["users"]] == [4, 5]
    assert berta.good("calendar", "get", id=aid, folder=defaults(berta))


def test_freebusy_hides_titles(anton, berta):
    aid, _ = anton.new("calendar", folder_id=defaults(anton), title="secret", start_date=NINE, end_date=NINE + 60000,
                       shown_as=2)
    ask = {"id": 4, "type": 1, "start": NINE - DAY, "end": NINE + DAY}
    theirs, = berta.good("calendar", "freebusy", **ask)["data"]
    mine, = anton.good("calendar", "freebusy", **ask)["data"]
    assert "title" not in theirs and mine["title"] == "secret" and theirs["shown_as"] == 2
    fb = berta.good("chronos", "freeBusy", {"attendees": [{"entity": 4}]}, **{"from": "20231119T000000Z",
                                                                             "until": "20231122T000000Z"})["data"]
    assert fb[0]["freeBusyTime"] == [{"startTime": NINE, "endTime": NINE + 60000, "fbType": "BUSY-TENTATIVE"}]


def test_moved_series_takes_its_exceptions(anton):
    other = anton.good("folders", "new", {"folder": {"title": "F", "module": "calendar"}}, folder_id=1)["data"]
    folder = defaults(anton)
    aid, ts = anton.new("calendar", folder_id=folder, start_date=NINE, end_date=NINE, recurrence_type=1, interval=1,
                        occurrences=3)
    eid = anton.good("calendar", "update", {"recurrence_position": 2, "title": "e"}, id=aid, folder=folder,
                     timestamp=ts)["data"]["id"]
    ts = anton.good("calendar", "update", {"folder_id": other}, id=aid, folder=folder, timestamp=FAR)["timestamp"]
    ask = {"columns": "1", "recurrence_master": "true", "timestamp": ts - 1}
    assert sorted(anton.good("calendar", "updates", folder=folder, **ask)["data"]) == [int(aid), int(eid)]
    got = anton.good("calendar", "all", folder=other, start=0, end=2 * NINE, columns="1", recurrence_master="true")
    assert sorted(got["data"]) == [[aid], [eid]]


# ---- odd requests ----

@pytest.mark.parametrize("module,action,body,params", [
    ("contacts", "list", {"a": 1}, {"columns": "1"}),
    ("contacts", "new", [], {}),
    ("contacts", "delete", "x", {"timestamp": 1}),
    ("contacts", "all", None, {"folder": "x"}),
    ("contacts", "all", None, {"folder": 6}),
    ("contacts", "search", {"folder": [6]}, {}),
    ("tasks", "update", {"title": 5.5}, {"folder": 33, "id": "0", "timestamp": 1}),
    ("calendar", "new", {"folder_id": 31, "participants": {"id": 1}}, {}),
    ("calendar", "delete", [{"id": {}, "folder": []}], {"timestamp": 1}),
    ("chronos", "new", {"startDate": "x"}, {"folder": "cal://0/31"}),
    ("chronos", "update", [1], {"folder": "cal://0/31", "id": 1}),
    ("chronos/itip", "analyze", {}, {}),
    ("folders", "delete", [None], {"failOnError": "true"}),
    ("folders", "new", {"folder": []}, {"folder_id": 1}),
    ("attachment", "all", None, {"attached": 1, "folder": 31, "module": 9}),
    ("mailfilter", "update", {}, {}),
    ("no/such", "x", None, {}),
    ("contacts", "nothing", None, {}),
])
def test_wrong_requests_are_answered(anton, module, action, body, params):
    if module == "no/such":
        assert anton.raw("GET", module, {"session": anton.session})[0] == 404
        return
    answer = anton.call(module, action, body, **params)
    assert answer["error"] and answer["code"] and answer["category"]


def test_random_bodies(anton):
    """Whatever comes, an answer comes."""
    junk = [None, True, 0, -1, 2 ** 62, 1.5, "", "x", "31", [], {}, [[]], [{}], {"id": []},
            {"folder_id": "31", "alarm": {}},
            {"folder_id": "31", "start_date": -2 ** 62, "end_date": 2 ** 62, "recurrence_type": 1, "interval": 2 ** 40},
            {"folder_id": "31", "start_date": NINE, "end_date": NINE, "recurrence_type": 4, "month": 1,
             "day_in_month": 31},
            {"folder_id": "32", "distribution_list": [1]}, {"folder_id": "33", "participants": [5]}]
    modules = "contacts tasks calendar folders attachment mailfilter user reminder chronos".split()
    for module in modules:
        for action in "new update delete list search confirm copy advancedSearch updateAttendee".split():
            for body in junk:
                status, data, _ = anton.raw("PUT", module, {
                    "action": action, "session": anton.session, "timestamp": FAR, "id": "1", "folder": "31",
                    "columns": "1,200,201,206,220,226"}, json.dumps(body).encode())
                assert status == 200 and isinstance(json.loads(data), dict), (module, action, body)


# ---- many at once ----

def test_parallel_writers_and_readers(ox, anton):  # noqa: F811
    folder, errors = defaults(anton, "contacts"), []

    def work(n):
        try:
            user = Ox(ox, "anton")
            for i in range(40):
                cid, ts = user.new("contacts", folder_id=folder, display_name=f"{n}.{i}")
                user.good("contacts", "update", {"note": "x" * i}, folder=folder, id=cid, timestamp=ts)
                user.good("contacts", "all", folder=folder, columns="1,500,518")
                if i % 2:
                    user.good("contacts", "delete", [{"folder": folder, "id": cid}], timestamp=FAR)
        except Exception as e:  # noqa: BLE001
            errors.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not errors
    rows = anton.good("contacts", "all", folder=folder, columns="1,5")["data"]
    assert len(rows) == 120 and len({r[1] for r in rows}) == 120


@pytest.mark.skipif("asan" in os.environ.get("EAS_BUILD", ""), reason="sanitizers slow it down")
def test_speed(server, anton):  # noqa: F811
    """At least 5,000 simple requests per second of the server's processor time."""
    n, window = 20000, 200
    cookie = "; ".join(f"{k}={v}" for k, v in anton.cookies.items())
    one = (f"GET /ajax/user/me?session={anton.session} HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n"
           "User-Agent: Open-Xchange USM HTTP Client\r\nAccept: application/json\r\n\r\n").encode()

    def cpu():
        with open(f"/proc/{server.proc.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    with socket.create_connection(("127.0.0.1", server.port)) as s:
        begin, wall, answers = cpu(), time.monotonic(), 0
        for _ in range(n // window):
            s.sendall(one * window)
            want = answers + window
            while answers < want:
                answers += s.recv(1 << 20).count(b"HTTP/1.1 200")
        used, wall = cpu() - begin, time.monotonic() - wall
    print(f"\n{n / max(used, 0.01):.0f} requests per CPU second, {n / wall:.0f} per second")
    assert n / max(used, 0.01) > 5000
