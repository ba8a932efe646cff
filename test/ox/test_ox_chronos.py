# SPDX-License-Identifier: Apache-2.0
"""Module chronos of the stand-in: what it keeps, and one store seen through both calendar modules."""
import pytest

from mail_lib import seed, server  # noqa: F401
from test_ox import DAY, FAR, NINE, Ox, anton, berta, defaults, ox  # noqa: F401

BERLIN = "Europe/Berlin"


def at(text, zone=BERLIN):
    return {"value": text, "tzid": zone} if zone else {"value": text}


class Cal:
    """One user's default calendar."""

    def __init__(self, user):
        self.user, self.num = user, defaults(user)
        self.folder = "cal://0/" + self.num

    def new(self, **fields):
        ev = {"summary": "s", "startDate": at("20231120T100000"), "endDate": at("20231120T110000"), **fields}
        return self.user.good("chronos", "new", ev, folder=self.folder)["data"]["created"][0]

    def get(self, eid, **params):
        return self.user.good("chronos", "get", folder=self.folder, id=eid, **params)["data"]

    def update(self, eid, event, **params):
        return self.user.good("chronos", "update", {"event": event},
                              **{"folder": self.folder, "id": eid, "timestamp": FAR, **params})["data"]

    def legacy(self, eid):
        return self.user.good("calendar", "get", folder=self.num, id=eid)["data"]

    def set_legacy(self, eid, **fields):
        self.user.good("calendar", "update", {"ignore_conflicts": True, **fields}, folder=self.num, id=eid,
                       timestamp=FAR)


@pytest.fixture
def cal(anton):  # noqa: F811
    return Cal(anton)


KEPT = {"class": "CONFIDENTIAL", "status": "TENTATIVE", "transp": "TRANSPARENT", "color": "red", "url": "http://x/",
        "geo": {"lat": 1.5, "long": 2.5}, "relatedTo": "u", "categories": ["a", "b c"],
        "extendedProperties": {"X-A": {"value": "1"}}, "conferences": [{"uri": "https://meet.example/1"}],
        "rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;WKST=SU",
        "endDate": at("20231120T130000", "Europe/Helsinki")}


def test_what_was_given_comes_back(cal):
    ev = cal.new(**KEPT)
    for name, value in KEPT.items():
        assert cal.get(ev["id"])[name] == value, name
    cal.set_legacy(ev["id"], title="t")
    got = cal.get(ev["id"])
    assert got["summary"] == "t"
    assert {k: got[k] for k in KEPT} == KEPT


@pytest.mark.parametrize("name", ["status", "color", "extendedProperties", "conferences", "categories", "location"])
def test_null_deletes(cal, name):
    ev = cal.new(**{**KEPT, "location": "x"})
    cal.update(ev["id"], {name: None})
    assert name not in cal.get(ev["id"])


# both ways: event members, legacy members
PAIRS = [
    ({"class": "PRIVATE"}, {"private_flag": True}),
    ({"class": "CONFIDENTIAL"}, {"private_flag": True}),
    ({"transp": "TRANSPARENT"}, {"shown_as": 4}),
    ({"categories": ["a", "b"]}, {"categories": "a,b"}),
    ({"alarms": [{"action": "DISPLAY", "trigger": {"duration": "-PT1H30M"}}]}, {"alarm": 90}),
    ({"alarms": [{"action": "EMAIL", "trigger": {"duration": "-PT5M"}},
                 {"action": "DISPLAY", "trigger": {"duration": "-P1W"}}]}, {"alarm": 10080}),
    ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=-1"}, {"recurrence_type": 3, "days": 127, "day_in_month": 5}),
    ({"rrule": "FREQ=DAILY;UNTIL=20231124T090000Z"}, {"recurrence_type": 1, "until": NINE - 9 * 3600000 + 4 * DAY}),
    ({"rrule": "FREQ=DAILY;UNTIL=20231124T085900Z"}, {"until": NINE - 9 * 3600000 + 3 * DAY}),
    ({"startDate": at("20231120", None), "endDate": at("20231121", None)}, {"full_time": True}),
]


@pytest.mark.parametrize("i", range(len(PAIRS)))
def test_one_store(cal, i):
    event, legacy = PAIRS[i]
    old = cal.legacy(cal.new(**event)["id"])
    assert {k: old[k] for k in legacy} == legacy
    ev = cal.new()
    cal.update(ev["id"], event)
    old = cal.legacy(ev["id"])
    assert {k: old[k] for k in legacy} == legacy


def test_a_legacy_edit_shows_in_the_event(cal):
    alarms = [{"action": "EMAIL", "trigger": {"duration": "-PT5M"}},
              {"action": "DISPLAY", "trigger": {"duration": "-PT10M"}}]
    ev = cal.new(alarms=alarms, transp="OPAQUE", rrule="FREQ=WEEKLY;BYDAY=MO;WKST=SU")
    cal.set_legacy(ev["id"], alarm=20, shown_as=3, recurrence_type=2, interval=3, days=2)
    got = cal.get(ev["id"])
    assert [a["trigger"]["duration"] for a in got["alarms"]] == ["-PT5M", "-PT20M"]
    assert got["transp"] == "OPAQUE" and got["rrule"].startswith("FREQ=WEEKLY;INTERVAL=3;BYDAY=MO")
    cal.update(ev["id"], {"transp": "OPAQUE"})
    assert cal.legacy(ev["id"])["shown_as"] == 3
    cal.set_legacy(ev["id"], alarm=-1)
    assert [a["action"] for a in cal.get(ev["id"])["alarms"]] == ["EMAIL"]


def test_a_new_rule_has_nothing_of_the_old_one(cal):
    ev = cal.new(rrule="FREQ=MONTHLY;BYDAY=2MO;COUNT=5")
    cal.update(ev["id"], {"rrule": "FREQ=DAILY"})
    old = cal.legacy(ev["id"])
    assert old["recurrence_type"] == 1 and not {"days", "occurrences", "day_in_month"} & set(old)
    cal.update(ev["id"], {"rrule": None})
    assert cal.legacy(ev["id"])["recurrence_type"] == 0 and "rrule" not in cal.get(ev["id"])


@pytest.mark.parametrize("form", ["20231204T090000Z", "20231204T100000", "Europe/Berlin:20231204T100000",
                                  "Europe/Helsinki:20231204T110000"])
def test_forms_of_recurrence_ids(cal, form):
    ev = cal.new(rrule="FREQ=WEEKLY;BYDAY=MO;COUNT=4")
    want = cal.get(ev["id"], recurrenceId=form)
    assert (want["startDate"], want["recurrenceId"]) == (at("20231204T100000"), "20231204T090000Z")
    data = cal.update(ev["id"], {"summary": "other"}, recurrenceId=form)
    assert data["created"][0]["recurrenceId"] == "20231204T090000Z"
    assert data["updated"][0]["changeExceptionDates"] == ["20231204T090000Z"]
    (got,) = cal.user.good("chronos", "list", [{"id": ev["id"], "folder": cal.folder, "recurrenceId": form}],
                           fields="id,summary,seriesId")["data"]
    assert got == {"id": data["created"][0]["id"], "summary": "other", "seriesId": ev["id"]}


def test_weeks_that_begin_on_sunday(cal):
    ev = cal.new(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;COUNT=4;WKST=SU")
    days = [e["startDate"]["value"][:8] for e in cal.user.good(
        "chronos", "all", folder=cal.folder, rangeStart="20231101T000000Z", rangeEnd="20240201T000000Z",
        expand="true")["data"] if e["id"] == ev["id"]]
    assert days == ["20231120", "20231203", "20231204", "20231217"]


def test_people(cal):
    people = [{"uri": "mailto:berta@example.org", "role": "OPT-PARTICIPANT", "rsvp": True},
              {"uri": "mailto:x@example.com", "cn": "X", "partStat": "TENTATIVE", "role": "CHAIR"},
              {"entity": 10, "cuType": "RESOURCE", "cn": "Room"}]
    got = cal.get(cal.new(attendees=people)["id"])
    by = {a.get("email") or a["cn"]: a for a in got["attendees"]}
    assert by["berta@example.org"]["role"] == "OPT-PARTICIPANT" and by["berta@example.org"]["rsvp"] is True
    assert (by["x@example.com"]["role"], by["x@example.com"]["partStat"]) == ("CHAIR", "TENTATIVE")
    assert by["Room"]["cuType"] == "RESOURCE"
    assert got["organizer"]["entity"] == 4 and got["calendarUser"]["entity"] == 4


def test_an_attendee_has_an_answer_and_alarms_of_his_own(cal, berta):  # noqa: F811
    ev = cal.new(attendees=[{"entity": 5}])
    hers = Cal(berta)
    berta.good("chronos", "updateAttendee", {
        "attendee": {"entity": 5, "partStat": "TENTATIVE"},
        "alarms": [{"action": "DISPLAY", "trigger": {"duration": "-PT7M"}}]}, folder=hers.folder, id=ev["id"],
        timestamp=FAR)
    assert hers.get(ev["id"])["alarms"][0]["trigger"]["duration"] == "-PT7M" and "alarms" not in cal.get(ev["id"])
    (got,) = [a for a in cal.get(ev["id"])["attendees"] if a["entity"] == 5]
    assert got["partStat"] == "TENTATIVE"
    for event in ({"color": "red"}, {"summary": "x"}):
        assert berta.code("chronos", "update", {"event": event}, folder=hers.folder, id=ev["id"],
                          timestamp=FAR) == "CAL-4038"
    assert berta.code("chronos", "updateAttendee", {"attendee": {"entity": 4, "partStat": "DECLINED"}},
                      folder=hers.folder, id=ev["id"], timestamp=FAR) == "CAL-4033"
    assert berta.good("chronos", "resolve", id=ev["id"])["data"]["folder"] == hers.folder


def test_refusals(cal):
    ev = cal.new(sequence=3)
    where = {"folder": cal.folder, "id": ev["id"]}
    for event, code in [({"sequence": 2}, "CAL-4121"), ({"organizer": {"email": "y@example.com"}}, "CAL-40310"),
                        ({"startDate": {"value": "never"}}, "CAL-4230"), ({"rrule": "FREQ=HOURLY"}, "CAL-4223"),
                        ({"endDate": at("20231119T100000")}, "CAL-4221"), ({"summary": "x" * 300}, "CAL-4229")]:
        assert cal.user.code("chronos", "update", {"event": event}, timestamp=FAR, **where) == code, event
    assert cal.user.code("chronos", "update", {"event": {}}, timestamp=1, **where) == "CAL-4120"
    assert cal.user.code("chronos", "get", recurrenceId="20231121T090000Z", folder=cal.folder,
                         id=cal.new(rrule="FREQ=WEEKLY")["id"]) == "CAL-4061"
