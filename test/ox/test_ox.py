# SPDX-License-Identifier: Apache-2.0
"""The stand-in beyond the golden cases: rights, series, faults, state, speed."""
import http.client
import json
import pathlib
import time
from urllib.parse import urlencode

import pytest

from mail_lib import Server, User, seed, server  # noqa: F401

SMALL = json.loads((pathlib.Path(__file__).parent / "seeds" / "small.json").read_text())
DAY = 86400000
NINE = 1700470800000  # 2023-11-20 09:00 UTC, a Monday
FAR = 9 * 10 ** 15


class Ox(User):
    def call(self, module, action, body=None, /, **params):
        """The whole answer as JSON, errors too."""
        p = {"session": self.session, "timezone": "UTC", **params}
        if action:
            p["action"] = action
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self.raw("GET" if data is None else "PUT", module, p, data)[1])

    def good(self, module, action, body=None, /, **params):
        answer = self.call(module, action, body, **params)
        assert "error" not in answer, answer
        return answer

    def code(self, module, action, body=None, /, **params):
        return self.call(module, action, body, **params).get("code")

    def new(self, module, /, **fields):
        answer = self.good(module, "new", fields)
        return answer["data"]["id"], answer["timestamp"]


@pytest.fixture
def ox(server):  # noqa: F811
    server.control("fault/clear")
    server.control("clock", now=0)
    server.control("seed", **seed())
    return server


@pytest.fixture
def anton(ox):
    return Ox(ox, "anton")


@pytest.fixture
def berta(ox):
    return Ox(ox, "berta")


def defaults(user, module="calendar"):
    rows = user.good("folders", "allVisible", content_type=module, columns="1,308")["data"]["private"]
    return next(i for i, std in rows if std)


# ---- sessions ----

def test_too_many_sessions(ox):
    ox.control("switch", **{"max-sessions": 2})
    users = [User(ox, "anton") for _ in range(2)]
    body = "name=anton&password=secret"
    _, data, _ = users[0].raw("POST", "login", {"action": "login"}, body, "application/x-www-form-urlencoded")
    assert json.loads(data)["code"] == "SES-0007"


def test_locked_context_and_disabled_user(ox, anton, berta):
    ox.control("context", locked=True)
    assert anton.code("user/me", None) == "SES-0204"
    ox.control("context", locked=False)
    ox.control("user", user="berta", disabled=True)
    assert berta.code("user/me", None) == "SES-0203"
    assert anton.code("user/me", None) is None


def test_spoilt_secret_and_refresh(ox, anton):
    anton.raw("GET", "login", {"action": "refreshSecret", "session": anton.session})
    anton.good("user/me", None)
    ox.control("expire", user="anton", secret=True)
    assert anton.code("user/me", None) == "SES-0206"


def test_autologin(anton):
    anton.raw("GET", "login", {"action": "store", "session": anton.session})
    _, data, _ = anton.raw("GET", "login", {"action": "autologin", "client": "USM-EAS"})
    assert json.loads(data)["session"] == anton.session


# ---- folders and rights ----

def share(anton, folder, bits):
    return anton.good("folders", "update", {"folder": {"permissions": [
        {"entity": 4, "group": False, "bits": 403710016}, {"entity": 5, "group": False, "bits": bits}]}}, id=folder)


AUTHOR = 2 | 2 << 7 | 1 << 14 | 1 << 21


@pytest.mark.parametrize("module,fields,codes", [
    ("contacts", {"display_name": "x"}, ("CON-0105", "CON-0106", "CON-0107")),
    ("tasks", {"title": "x"}, ("TSK-0025", "TSK-0033", "TSK-0014")),
    ("calendar", {"title": "x", "start_date": NINE, "end_date": NINE + 1}, ("CAL-4031", "CAL-4031", "CAL-4032")),
])
def test_rights(anton, berta, module, fields, codes):
    folder = defaults(anton, module)
    mine, ts = anton.new(module, folder_id=folder, **fields)
    assert berta.call(module, "get", folder=folder, id=mine)["category"] == 3
    share(anton, folder, 257)
    assert berta.good(module, "get", folder=folder, id=mine)
    assert berta.code(module, "new", {"folder_id": folder, **fields}) == codes[0]
    assert berta.code(module, "update", fields, folder=folder, id=mine, timestamp=FAR) == codes[1]
    assert berta.code(module, "delete", [{"folder": folder, "id": mine}], timestamp=FAR) == codes[2]
    share(anton, folder, AUTHOR)
    own, _ = berta.new(module, folder_id=folder, ignore_conflicts=True, **fields)
    assert berta.code(module, "update", fields, folder=folder, id=mine, timestamp=FAR) == codes[1]
    berta.good(module, "update", fields, folder=folder, id=own, timestamp=FAR)
    berta.good(module, "delete", [{"folder": folder, "id": own}], timestamp=FAR)


def test_private_objects_are_hidden(anton, berta):
    folder = defaults(anton, "contacts")
    share(anton, folder, 257)
    hidden, _ = anton.new("contacts", folder_id=folder, display_name="x", private_flag=True)
    seen, _ = anton.new("contacts", folder_id=folder, display_name="y")
    assert berta.good("contacts", "all", folder=folder, columns="1")["data"] == [[seen]]
    assert berta.call("contacts", "get", folder=folder, id=hidden)["category"] == 3


def test_folder_that_becomes_invisible(anton, berta):
    folder = anton.good("folders", "new", {"folder": {"title": "Team", "module": "calendar"}}, folder_id=1)["data"]
    ts = share(anton, folder, 257)["timestamp"]
    rows = berta.good("folders", "updates", timestamp=ts - 1, columns="1,20,302")
    assert rows["data"] == [[folder, "u:4", 3]]
    assert berta.good("folders", "list", parent="u:4", columns="1")["data"] == [[folder]]
    assert [r[0] for r in berta.good("folders", "list", parent="3", columns="1")["data"]] == ["u:4"]
    path = berta.good("folders", "path", id=folder, columns="1")["data"]
    assert path == [[folder], ["u:4"], ["3"]]
    anton.good("folders", "update", {"folder": {"permissions": [{"entity": 4, "group": False, "bits": 403710016}]}},
               id=folder)
    assert berta.good("folders", "updates", timestamp=rows["timestamp"], columns="1")["data"] == [folder]
    assert berta.good("folders", "updates", timestamp=rows["timestamp"], columns="1", ignore="deleted")["data"] == []


@pytest.mark.parametrize("call,code", [
    (("new", {"folder": {"title": "", "module": "tasks"}}, {"folder_id": 1}), "FLD-1014"),
    (("new", {"folder": {"title": "Calendar", "module": "calendar"}}, {"folder_id": 1}), "FLD-1012"),
    (("new", {"folder": {"title": "x", "module": "calendar"}}, {"folder_id": 3}), "FLD-1029"),
    (("new", {"folder": {"title": "x", "module": "calendar"}}, {"folder_id": 6}), "FLD-1029"),
    (("new", {"folder": {"title": "x"}}, {"folder_id": 4711}), "FLD-0008"),
    (("new", {"folder": {"title": "a/b"}}, {"folder_id": "default0/INBOX"}), "FLD-1014"),
    (("update", {"folder": {"title": "x"}}, {"id": "default0/Sent"}), "FLD-1027"),
    (("update", {"folder": {"title": "x"}}, {"id": "31"}), "FLD-1027"),
    (("update", {"folder": {"title": "x"}}, {"id": "6"}), "FLD-1013"),
    (("delete", ["31"], {"failOnError": "true"}), "FLD-1026"),
    (("get", None, {"id": "default0/None"}), "IMAP-1002"),
])
def test_folder_errors(anton, call, code):
    action, body, params = call
    assert anton.code("folders", action, body, **params) == code


def test_mail_folder_to_trash_and_gone(anton):
    anton.good("folders", "new", {"folder": {"title": "A"}}, folder_id="default0/INBOX")
    anton.good("folders", "new", {"folder": {"title": "B"}}, folder_id="default0/INBOX/A")
    ts = anton.good("folders", "updates", timestamp=0, columns="1", mail="true")["timestamp"]
    assert anton.good("folders", "delete", ["default0/INBOX/A"])["data"] == []
    assert anton.good("folders", "get", id="default0/Trash/A/B")["data"]["folder_id"] == "default0/Trash/A"
    got = anton.good("folders", "updates", timestamp=ts, columns="1", mail="true")["data"]
    assert ["default0/Trash/A"] in got and "default0/INBOX/A" in got and "default0/INBOX/A/B" in got
    assert anton.good("folders", "delete", ["default0/Trash/A"])["data"] == []
    assert anton.code("folders", "get", id="default0/Trash/A/B") == "IMAP-1002"


def test_deleted_folder_takes_its_objects(anton):
    folder = anton.good("folders", "new", {"folder": {"title": "F", "module": "tasks"}}, folder_id=1)["data"]
    task, _ = anton.new("tasks", folder_id=folder, title="x")
    anton.good("folders", "delete", [folder])
    assert anton.code("tasks", "get", id=task) == "TSK-0019"


# ---- contacts and tasks ----

def test_moved_contact(anton):
    home = defaults(anton, "contacts")
    other = anton.good("folders", "new", {"folder": {"title": "F", "module": "contacts"}}, folder_id=1)["data"]
    cid, ts = anton.new("contacts", folder_id=home, display_name="x")
    anton.good("contacts", "update", {"folder_id": other}, folder=home, id=cid, timestamp=ts)
    ask = {"columns": "1", "timestamp": ts, "ignore": "false"}
    assert anton.good("contacts", "updates", folder=home, **ask)["data"] == [cid]
    assert anton.good("contacts", "updates", folder=other, **ask)["data"] == [[cid]]


def test_switches_of_deleted_ids(ox, anton):
    folder = defaults(anton, "contacts")
    cid, ts = anton.new("contacts", folder_id=folder, display_name="x")
    anton.good("contacts", "delete", [{"folder": folder, "id": cid}], timestamp=ts)
    ask = {"columns": "1", "timestamp": ts, "ignore": "false", "folder": folder}
    assert anton.good("contacts", "updates", **ask)["data"] == [cid]
    ox.control("switch", **{"contact-ids": "int"})
    assert anton.good("contacts", "updates", **ask)["data"] == [int(cid)]


@pytest.mark.parametrize("module,fields,code,category", [
    ("contacts", {"first_name": "x" * 129}, "CON-0101", "TRUNCATED"),
    ("contacts", {"birthday": "soon"}, "CON-0171", "USER_INPUT"),
    ("tasks", {"title": "x" * 257}, "TSK-0041", "TRUNCATED"),
    ("tasks", {"title": "a\u0001b"}, "TSK-0058", "USER_INPUT"),
    ("tasks", {"title": "x", "priority": 4}, "TSK-0057", "USER_INPUT"),
    ("tasks", {"title": "x", "percent_completed": 5}, "TSK-0031", "USER_INPUT"),
    ("tasks", {"title": "x", "status": 2, "percent_completed": 101}, "TSK-0030", "USER_INPUT"),
    ("tasks", {"title": "x", "target_duration": "1h"}, "TSK-0055", "USER_INPUT"),
    ("tasks", {"title": "x", "start_time": 2 * DAY, "end_time": DAY}, "TSK-0040", "USER_INPUT"),
    ("tasks", {"title": "x", "participants": [{"type": 5}]}, "TSK-0044", "USER_INPUT"),
    ("tasks", {"title": "x", "recurrence_type": 1}, "TSK-0036", "USER_INPUT"),
    ("calendar", {"title": "x", "start_date": NINE}, "CAL-4220", "USER_INPUT"),
    ("calendar", {"title": "x", "start_date": NINE, "end_date": NINE - 1}, "CAL-4221", "USER_INPUT"),
    ("calendar", {"title": "x", "start_date": NINE, "end_date": NINE, "recurrence_type": 3}, "CAL-4223", "USER_INPUT"),
])
def test_field_errors(anton, module, fields, code, category):
    answer = anton.call(module, "new", {"folder_id": defaults(anton, module), **fields})
    assert (answer.get("code"), answer.get("categories")) == (code, category), answer


def test_series_task_makes_the_next(anton):
    folder = defaults(anton, "tasks")
    tid, ts = anton.new("tasks", folder_id=folder, title="Bins", start_time=NINE, end_time=NINE + DAY,
                        recurrence_type=1, interval=2)
    anton.good("tasks", "update", {"status": 3}, folder=folder, id=tid, timestamp=ts)
    rows = anton.good("tasks", "all", folder=folder, columns="300,301,316,209")["data"]
    assert rows == [[3, 100, NINE, 0], [1, 0, NINE + 2 * DAY, 1]]


def test_old_dates_of_tasks(anton):
    folder = defaults(anton, "tasks")
    tid, _ = anton.new("tasks", folder_id=folder, title="x", end_date=NINE)
    got = anton.good("tasks", "get", folder=folder, id=tid)["data"]
    assert (got["end_time"], got["end_date"], got["full_time"]) == (NINE - NINE % DAY, NINE - NINE % DAY, True)


@pytest.mark.parametrize("query,want", [("ber", ["Berta Beispiel"]), ("bei", []), ("anton@", ["Anton Meier"])])
def test_autocomplete(anton, query, want):
    rows = anton.good("contacts", "autocomplete", query=query, columns="500", folder=6)["data"]
    assert [r[0] for r in rows] == want


def test_advanced_search(anton):
    folder = defaults(anton, "contacts")
    for name, city in (("A", "Bonn"), ("B", "Bern"), ("C", "Rom")):
        anton.new("contacts", folder_id=folder, display_name=name, city_home=city)
    f = {"filter": ["and", ["or", ["=", {"field": "city_home"}, "B*"], ["=", {"field": "city_home"}, "Rom"]],
                    ["not", ["=", {"field": "display_name"}, "B"]]], "folders": [folder]}
    rows = anton.good("contacts", "advancedSearch", f, columns="500", sort=500, order="desc")["data"]
    assert rows == [["C"], ["A"]]


# ---- calendar ----

SERIES = [
    ({"recurrence_type": 1, "interval": 3, "occurrences": 3}, [0, 3, 6]),
    ({"recurrence_type": 2, "interval": 2, "days": 2 | 8, "occurrences": 4}, [0, 2, 14, 16]),
    ({"recurrence_type": 2, "interval": 1, "days": 62, "until": NINE + 7 * DAY}, [0, 1, 2, 3, 4, 7]),
    ({"recurrence_type": 3, "interval": 1, "day_in_month": 20, "occurrences": 3}, [0, 30, 61]),
    ({"recurrence_type": 3, "interval": 1, "days": 2, "day_in_month": 5, "occurrences": 2}, [7, 35]),
    ({"recurrence_type": 3, "interval": 1, "days": 2, "day_in_month": 3, "occurrences": 2}, [0, 28]),
    ({"recurrence_type": 4, "interval": 1, "month": 10, "day_in_month": 20, "occurrences": 2}, [0, 366]),
    ({"recurrence_type": 4, "interval": 1, "month": 1, "day_in_month": 29, "occurrences": 2}, [101, 101 + 1461]),
]


@pytest.mark.parametrize("i", range(len(SERIES)))
def test_expansion(anton, i):
    rule, days = SERIES[i]
    folder = defaults(anton)
    aid, _ = anton.new("calendar", folder_id=folder, title="x", start_date=NINE, end_date=NINE + 60000,
                       timezone="UTC", **rule)
    rows = anton.good("calendar", "all", folder=folder, start=0, end=NINE + 2000 * DAY, columns="1,207,201")["data"]
    assert rows == [[aid, n + 1, NINE + d * DAY] for n, d in enumerate(days)], SERIES[i]


def test_series_keeps_its_hour_over_daylight_saving(anton):
    folder = defaults(anton)
    start = 1711011600000  # 2024-03-21 10:00 in Berlin
    anton.new("calendar", folder_id=folder, title="x", start_date=start, end_date=start + 60000,
              timezone="Europe/Berlin", recurrence_type=2, interval=1, days=16, occurrences=3)
    rows = anton.good("calendar", "all", folder=folder, start=0, end=start + 99 * DAY, columns="201")["data"]
    assert [r[0] - start for r in rows] == [0, 7 * DAY, 14 * DAY - 3600000]


def series(user, **more):
    folder = defaults(user)
    aid, ts = user.new("calendar", folder_id=folder, title="s", start_date=NINE, end_date=NINE + 3600000,
                       timezone="Europe/Berlin", recurrence_type=2, interval=1, days=2, occurrences=5,
                       ignore_conflicts=True, **more)
    return folder, aid, ts


def test_exception_becomes_deletion(anton):
    folder, aid, ts = series(anton)
    eid = anton.good("calendar", "update", {"recurrence_position": 2, "title": "e"}, folder=folder, id=aid,
                     timestamp=ts)["data"]["id"]
    again = anton.good("calendar", "update", {"recurrence_position": 2, "title": "f"}, folder=folder, id=aid,
                       timestamp=FAR)["data"]["id"]
    assert again == eid != aid
    rows = anton.good("calendar", "getChangeExceptions", id=aid, folder=folder, columns="1,200,207")["data"]
    assert rows == [[eid, "f", 2]]
    got = anton.good("calendar", "delete", [{"folder": folder, "id": eid}], timestamp=FAR)
    master = anton.good("calendar", "get", id=aid, folder=folder)["data"]
    day = NINE - NINE % DAY + 7 * DAY
    assert master["delete_exceptions"] == [day] and "change_exceptions" not in master
    assert anton.code("calendar", "update", {"recurrence_position": 2, "title": "g"}, folder=folder, id=aid,
                      timestamp=FAR) == "CAL-4042"
    assert got["timestamp"] >= master["last_modified"]
    assert anton.code("calendar", "delete", [{"folder": folder, "id": aid, "pos": 9}], timestamp=FAR) == "CAL-4042"


def test_new_rule_resets_exceptions(anton):
    folder, aid, ts = series(anton)
    eid = anton.good("calendar", "update", {"recurrence_position": 2, "title": "e"}, folder=folder, id=aid,
                     timestamp=ts)["data"]["id"]
    ts = anton.good("calendar", "update", {"recurrence_type": 0}, folder=folder, id=aid, timestamp=FAR)["timestamp"]
    got = anton.good("calendar", "get", id=aid, folder=folder)["data"]
    assert got["recurrence_type"] == 0 and "change_exceptions" not in got
    assert anton.code("calendar", "get", id=eid, folder=folder) == "CAL-4040"


def test_participants(anton, berta):
    mine, aid, ts = series(anton, participants=[{"id": 4, "type": 1}, {"id": 5, "type": 1},
                                                {"type": 5, "mail": "x@example.net", "display_name": "X"}])
    theirs = defaults(berta)
    ask = {"folder": theirs, "columns": "1,20,204", "recurrence_master": "true", "ignore": "false"}
    got = berta.good("calendar", "updates", timestamp=ts - 1, **ask)
    assert got["data"] == [[aid, theirs, -1]]
    berta.good("calendar", "confirm", {"confirmation": 3}, folder=theirs, id=aid, timestamp=FAR)
    berta.good("calendar", "update", {"alarm": 5}, folder=theirs, id=aid, timestamp=FAR)
    assert anton.good("calendar", "get", folder=mine, id=aid)["data"]["alarm"] == -1
    anton.good("calendar", "confirm", {"confirmation": 2, "type": 5, "mail": "x@example.net"}, folder=mine, id=aid,
               timestamp=FAR)
    people = anton.good("calendar", "get", folder=mine, id=aid)["data"]["confirmations"]
    status = {c["mail"]: c["status"] for c in people}
    assert status == {"anton@example.org": 1, "berta@example.org": 3, "x@example.net": 2}
    assert berta.code("calendar", "update", {"title": "mine"}, folder=theirs, id=aid, timestamp=FAR) == "CAL-4038"
    # A new time asks everybody again.
    anton.good("calendar", "update", {"start_date": NINE + 60000}, folder=mine, id=aid, timestamp=FAR)
    users = anton.good("calendar", "get", folder=mine, id=aid)["data"]["users"]
    assert {u["id"]: u["confirm"] for u in users} == {4: 1, 5: 0}
    ts = anton.good("calendar", "update", {"participants": [{"id": 4, "type": 1}]}, folder=mine, id=aid,
                    timestamp=FAR)["timestamp"]
    assert berta.good("calendar", "updates", timestamp=ts - 1, **ask)["data"] == [int(aid)]


def test_participant_who_deletes_leaves(anton, berta):
    mine, aid, _ = series(anton, participants=[{"id": 5, "type": 1}])
    theirs = defaults(berta)
    assert berta.good("calendar", "delete", [{"folder": theirs, "id": aid}], timestamp=FAR)["data"] == []
    assert [u["id"] for u in anton.good("calendar", "get", folder=mine, id=aid)["data"]["users"]] == [4]


def test_hard_conflict_cannot_be_ignored(anton):
    folder = defaults(anton)
    fields = {"folder_id": folder, "title": "x", "start_date": NINE, "end_date": NINE + 3600000,
              "participants": [{"id": 1, "type": 3}]}
    anton.good("calendar", "new", fields)
    got = anton.good("calendar", "new", {**fields, "ignore_conflicts": True})["data"]
    assert [c["hard_conflict"] for c in got["conflicts"]] == [True]


def test_uid_is_unique(anton):
    folder = defaults(anton)
    fields = {"folder_id": folder, "start_date": NINE, "end_date": NINE, "uid": "u-1", "ignore_conflicts": True}
    anton.good("calendar", "new", fields)
    assert anton.code("calendar", "new", fields) == "CAL-4090"


def test_chronos_and_calendar_are_one(anton):
    folder = defaults(anton)
    got = anton.good("chronos", "new", {
        "summary": "s", "startDate": {"value": "20231120T100000", "tzid": "Europe/Berlin"},
        "endDate": {"value": "20231120T110000", "tzid": "Europe/Berlin"}, "rrule": "FREQ=MONTHLY;BYDAY=-1MO;COUNT=3",
        "alarms": [{"trigger": {"duration": "-PT10M"}}], "attendees": [{"uri": "mailto:berta@example.org"}]},
        folder="cal://0/" + folder)["data"]["created"][0]
    old = anton.good("calendar", "get", folder=folder, id=got["id"])["data"]
    got = [old[k] for k in ("start_date", "recurrence_type", "days", "day_in_month", "alarm")]
    assert got == [NINE, 3, 2, 5, 10]
    assert [u["id"] for u in old["users"]] == [4, 5]


# ---- multiple ----

def test_multiple_keeps_the_order_of_answers(anton):
    folder = defaults(anton, "contacts")
    calls = [{"module": "contacts", "action": "new", "data": {"folder_id": folder, "display_name": f"n{i}"}}
             for i in range(4)]
    calls += [{"module": "config", "action": ""}, {"module": "login", "action": "logout"},
              {"module": "nowhere", "action": "x"}]
    got = anton.call("multiple", None, calls)
    names = [anton.good("contacts", "get", folder=folder, id=g["data"]["id"])["data"]["display_name"] for g in got[:4]]
    assert names == ["n0", "n1", "n2", "n3"]
    assert got[5]["code"] == "SVL-0001" and "error" in got[6]
    assert anton.good("user/me", None)


def test_multiple_reads_may_overtake_writes(anton):
    folder = defaults(anton, "contacts")
    seen = set()
    for i in range(6):
        got = anton.call("multiple", None, [
            {"module": "contacts", "action": "new", "data": {"folder_id": folder, "display_name": "x"}},
            {"module": "contacts", "action": "all", "folder": folder, "columns": "1"}])
        seen.add(len(got[1]["data"]) - i)
    assert seen == {0}


# ---- faults ----

def raw_get(user):
    return user.raw("GET", "user/me", {"session": user.session})


@pytest.mark.parametrize("rule,want", [
    ({"kind": "status", "status": 503}, (503, b"Unavailable")),
    ({"kind": "status", "status": 429}, (429, b"")),
    ({"status": 500}, (500, b"<html>")),
    ({"kind": "error", "code": "MSG-1", "category": "SERVICE_DOWN"}, (200, b'"category":5')),
    ({"kind": "warning", "code": "MSG-1", "category": "WARNING"},
     (200, b'"error_desc":"Fault on command","data":{"context_id"')),
    ({"kind": "garbage"}, (200, b"not json")),
    ({"kind": "html"}, (200, b"Proxy")),
    ({"kind": "body", "body": "{}"}, (200, b"{}")),
])
def test_fault(ox, anton, rule, want):
    ox.control("fault", module="user/me", user="anton", skip=1, count=2, **rule)
    answers = [raw_get(anton) for _ in range(4)]
    assert [want[1] in a[1] and a[0] == want[0] for a in answers] == [False, True, True, False], answers


def test_truncated_and_cut(ox, anton):
    ox.control("fault", module="user/me", kind="truncate")
    with pytest.raises(json.JSONDecodeError):
        json.loads(raw_get(anton)[1])
    ox.control("fault", module="user/me", kind="cut")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        raw_get(anton)
    anton.conn.close()
    folder = defaults(anton, "contacts")
    ox.control("fault", module="contacts", action="new", kind="cut", after=True)
    with pytest.raises(http.client.IncompleteRead):
        anton.call("contacts", "new", {"folder_id": folder, "display_name": "lost"})
    anton.conn.close()
    assert anton.good("contacts", "all", folder=folder, columns="500")["data"] == [["lost"]]


def test_delay_holds_no_thread(ox, anton):
    ox.control("fault", module="user/me", delay=700, count=8)
    slow = [http.client.HTTPConnection("127.0.0.1", ox.port) for _ in range(8)]
    begin = time.monotonic()
    for c in slow:
        c.request("GET", "/ajax/user/me?session=" + anton.session, headers={"Cookie": "x=1"})
    anton.good("folders", "root", columns="1")
    assert time.monotonic() - begin < 0.5
    for c in slow:
        assert b"SES-0206" in c.getresponse().read()
        c.close()
    assert time.monotonic() - begin >= 0.7


def test_fault_inside_multiple(ox, anton):
    ox.control("fault", module="folders", action="root", kind="error", code="X-1", category="CAPACITY")
    got = anton.call("multiple", None, [{"module": "folders", "action": "root", "columns": "1"}] * 2)
    assert sorted("code" in g for g in got) == [False, True]


def test_counters(ox, anton):
    ox.control("calls/reset")
    anton.call("multiple", None, [{"module": "folders", "action": "root", "columns": "1"}] * 3)
    got = ox.control("calls")
    assert got["calls"] == {"multiple": 1, "folders.root": 3} and got["bytesOut"] > 50


def test_equal_stamps(ox, anton):
    folder = defaults(anton, "contacts")
    ox.control("clock", equal=True)
    stamps = {anton.new("contacts", folder_id=folder, display_name="x")[1] for _ in range(3)}
    ox.control("clock", equal=False)
    more = [anton.new("contacts", folder_id=folder, display_name="x")[1] for _ in range(50)]
    assert len(stamps) == 1 and sorted(set(more)) == more


# ---- state ----

def test_state_survives_a_restart(tmp_path):
    state = tmp_path / "state"
    first = Server(tmp_path, state=state)
    first.control("seed", **SMALL)
    user = Ox(first, "anton")
    user.raw("GET", "login", {"action": "logout", "session": user.session})
    before = first.control("dump")
    first.stop()
    second = Server(tmp_path, state=state)
    after = second.control("dump")
    second.stop()
    assert after.pop("clock") > before.pop("clock")
    for a, b in zip(after["contexts"], before["contexts"]):
        for member in b:
            assert a[member] == b[member], member


def test_large_seed_is_quick(tmp_path):
    begin = time.monotonic()
    big = Server(tmp_path, "--seed-large", "42", "--seed-scale", "10")
    assert time.monotonic() - begin < 10
    users = big.control("dump")["contexts"][0]["users"]
    one = Ox(big, "user1")
    mails = one.good("folders", "get", id="default0/INBOX")["data"]["total"]
    contacts = one.good("contacts", "all", folder=defaults(one, "contacts"), columns="1,500")["data"]
    big.stop()
    assert (len(users), mails, len(contacts)) == (50, 7000, 2000)
    assert len({c[1] for c in contacts}) == 2000
