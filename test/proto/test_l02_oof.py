# SPDX-License-Identifier: Apache-2.0
"""Out of office: Settings/Oof (MS-ASCMD 2.2.3.116) on the vacation rule of OX."""
import datetime

import pytest

from easlib.mark import every
from easlib.ox import OxUser
from easlib.seed import DOMAIN, PASSWORD
from easlib.wbxml import Settings as S

AUDIENCES = ("AppliesToInternal", "AppliesToExternalKnown", "AppliesToExternalUnknown")
DAY = 86400000


def day(year, month, dom):
    return int(datetime.datetime(year, month, dom, tzinfo=datetime.timezone.utc).timestamp() * 1000)


def message(who, text=None, enabled="1", kind="Text"):
    return S.OofMessage(getattr(S, AUDIENCES[who])(), S.Enabled(enabled), S.ReplyMessage(text) if text is not None else None,
                        S.BodyType(kind) if kind else None)


def oof(d, *parts):
    a = d.settings(S.Oof(*parts))
    assert a.status == 200 and a.code == "1", a
    return a.doc["Oof"]


def get(d, kind="Text"):
    found = oof(d, S.Get(S.BodyType(kind)))
    assert found.val("Status") == "1", found.show()
    return found["Get"]


def put(d, *parts):
    found = oof(d, S.Set(*parts))
    assert len(found.children) == 1
    return found.val("Status")


def rules(user, flag=None):
    return user.call("GET", "mailfilter", "list", **({"flag": flag} if flag else {}))


@pytest.fixture
def filters(user):
    """Rules of the user's own, before and behind the notice."""
    user.login()
    for name in ("first", "second"):
        user.call("PUT", "mailfilter", "new", {"rulename": name, "active": True, "flags": [], "test": {"id": "true"},
                                               "actioncmds": [{"id": "keep"}]})
    return user


@every("12.0")
def test_never_had_one(phone, user, version):
    found = get(phone(version, user=user).device)
    assert found.val("OofState") == "0" and "StartTime" not in found
    messages = found.all("OofMessage")
    assert [m.children[0].tag for m in messages] == list(AUDIENCES) and {m.val("Enabled") for m in messages} == {"0"}


@every("12.0")
def test_on_and_off(phone, filters, version):
    d = phone(version, user=filters).device
    own = rules(filters)
    assert put(d, S.OofState("1"), message(0, "Bin weg.\nGruß"), message(1, "x", "0"), message(2, "x", "0")) == "1"
    (rule,) = rules(filters, "vacation")
    assert rule["active"] and rule["test"] == {"id": "true"} and rule["rulename"] == "vacation notice"
    (action,) = rule["actioncmds"]
    assert action["text"] == "Bin weg.\nGruß" and action["addresses"] == [filters.address] and action["days"] == "7"
    found = get(d)
    assert found.val("OofState") == "1" and {m.val("ReplyMessage") for m in found.all("OofMessage")} == {"Bin weg.\nGruß"}
    assert put(d, S.OofState("0")) == "1"
    (rule,) = rules(filters, "vacation")
    assert not rule["active"] and rule["actioncmds"] == [action]
    assert get(d).val("OofState") == "0"
    assert put(d, S.OofState("1")) == "1" and len(rules(filters, "vacation")) == 1
    others = [r for r in rules(filters) if "vacation" not in r["flags"]]
    assert [{**r, "position": 0} for r in others] == [{**r, "position": 0} for r in own]


@every("12.0")
def test_days(phone, filters, version):
    """Times become the days of the user's zone (Europe/Berlin) that they touch."""
    d = phone(version, user=filters).device
    assert put(d, S.OofState("2"), S.StartTime("2030-07-01T10:00:00.000Z"), S.EndTime("2030-07-07T22:00:00.000Z"),
               message(0, "weg")) == "1"
    (rule,) = rules(filters, "vacation")
    tests = {t["comparison"]: t["datevalue"] for t in rule["test"]["tests"]}
    assert tests == {"ge": [day(2030, 7, 1)], "le": [day(2030, 7, 7)]} and rule["test"]["id"] == "allof"
    found = get(d)
    assert found.val("OofState") == "2"
    assert found.val("StartTime") == "2030-06-30T22:00:00.000Z" and found.val("EndTime") == "2030-07-07T22:00:00.000Z"
    assert put(d, S.OofState("2"), S.StartTime(found.val("StartTime")), S.EndTime(found.val("EndTime"))) == "1"
    assert rules(filters, "vacation")[0]["test"] == rule["test"]
    assert put(d, S.OofState("1")) == "1" and rules(filters, "vacation")[0]["test"] == {"id": "true"}


@every("12.0")
def test_what_the_user_added_stays(phone, filters, version):
    """His rule answers some senders only, in his words for subject and addresses: a phone changes text and days."""
    d = phone(version, user=filters).device
    mine = {"id": "from", "comparison": "contains", "headers": ["From"], "values": ["@example.org"]}
    action = {"id": "vacation", "days": "3", "addresses": ["chef@example.org"], "subject": "Weg", "text": "alt"}
    filters.call("PUT", "mailfilter", "new", {"rulename": "Urlaub", "active": False, "flags": ["vacation"],
                                              "test": {"id": "allof", "tests": [mine, {
                                                  "id": "currentdate", "comparison": "ge", "datepart": "date",
                                                  "datevalue": [day(2020, 1, 1)]}]},
                                              "actioncmds": [action, {"id": "stop"}]})
    assert get(d).val("OofState") == "0"
    assert put(d, S.OofState("2"), S.StartTime("2030-01-01T00:00:00Z"), S.EndTime("2030-01-02T00:00:00Z"),
               message(1, "neu")) == "1"
    (rule,) = rules(filters, "vacation")
    assert rule["rulename"] == "Urlaub" and rule["actioncmds"] == [{**action, "text": "neu"}, {"id": "stop"}]
    assert rule["test"]["tests"][0] == mine and len(rule["test"]["tests"]) == 3
    assert put(d, S.OofState("1")) == "1"
    assert rules(filters, "vacation")[0]["test"] == mine


@every("12.0")
def test_html(phone, user, version):
    d = phone(version, user=user).device
    assert put(d, S.OofState("1"), message(0, "<html><body><p>Weg &amp; <b>fort</b></p></body></html>", kind="HTML")) == "1"
    assert rules(user, "vacation")[0]["actioncmds"][0]["text"].strip() == "Weg & fort"
    found = get(d, "HTML").all("OofMessage")
    assert {m.val("BodyType") for m in found} == {"HTML"} and "Weg &amp; fort" in found[0].val("ReplyMessage")
    assert get(d, "text").all("OofMessage")[0].val("ReplyMessage").strip() == "Weg & fort"


@every("12.0")
def test_audiences(phone, user, version):
    """One text for all: what outsiders shall read wins; a notice for nobody is off."""
    d = phone(version, user=user).device
    assert put(d, S.OofState("1"), message(0, "intern"), message(1, "extern"), message(2, "extern")) == "1"
    assert rules(user, "vacation")[0]["actioncmds"][0]["text"] == "extern"
    assert put(d, S.OofState("1"), message(0, "intern"), message(1, "extern", "0")) == "1"
    assert rules(user, "vacation")[0]["actioncmds"][0]["text"] == "intern"
    assert put(d, S.OofState("1"), message(0, None, "0"), message(1, None, "0")) == "1"
    assert not rules(user, "vacation")[0]["active"] and get(d).val("OofState") == "0"
    assert put(d, message(0, "nur Text")) == "1"
    assert not rules(user, "vacation")[0]["active"]
    assert rules(user, "vacation")[0]["actioncmds"][0]["text"] == "nur Text"


START, END = S.StartTime("2030-07-01T10:00:00Z"), S.EndTime("2030-07-03T10:00:00Z")
BAD = [("no times", "2", [S.OofState("2")]), ("start alone", "2", [S.OofState("2"), START]),
       ("end alone", "2", [S.OofState("0"), END]), ("state", "5", [S.OofState("3")]), ("no state", "5", [S.OofState("x")]),
       ("turned round", "5", [S.OofState("2"), S.StartTime("2030-07-04T10:00:00Z"), END]),
       ("bad time", "5", [S.OofState("2"), S.StartTime("gestern"), END]),
       ("without a text", "5", [S.OofState("1")]),
       ("no audience", "2", [S.OofState("1"), S.OofMessage(S.Enabled("1"))]),
       ("two audiences", "2", [S.OofState("1"), S.OofMessage(S.AppliesToInternal(), S.AppliesToExternalKnown(), S.Enabled("1"))]),
       ("no Enabled", "2", [S.OofState("1"), S.OofMessage(S.AppliesToInternal())]),
       ("no BodyType", "2", [S.OofState("1"), message(0, "x", kind=None)]),
       ("BodyType", "5", [S.OofState("1"), message(0, "x", kind="RTF")]),
       ("twice", "6", [S.OofState("1"), message(0, "x"), message(0, "y")]),
       ("external texts differ", "6", [S.OofState("1"), message(1, "x"), message(2, "y")]),
       ("long", "5", [S.OofState("1"), message(0, "x" * 32769)])]


@every("12.0")
@pytest.mark.parametrize("status,parts", [r[1:] for r in BAD], ids=[r[0].replace(" ", "-") for r in BAD])
def test_bad(phone, user, version, status, parts):
    assert put(phone(version, user=user).device, *parts) == status
    assert rules(user) == []


@every("12.0")
def test_bad_get(phone, user, version):
    d = phone(version, user=user).device
    assert oof(d, S.Get(S.BodyType("RTF"))).val("Status") == "5" and oof(d, S.Get()).val("Status") == "2"
    assert oof(d).val("Status") == "2" and oof(d, S.Get(S.BodyType("Text")), S.Set()).val("Status") == "2"


@every("12.0")
def test_not_possible(phone, site, user, version):
    """Without date tests nothing is written; without a mail filter the phone is told so; other properties go on."""
    d = phone(version, user=user).device
    site.ox.control("switch", **{"sieve-currentdate": "off"})
    try:
        assert put(d, S.OofState("2"), START, END, message(0, "weg")) == "3" and rules(user) == []
    finally:
        site.ox.control("switch", **{"sieve-currentdate": "on"})
    site.ox.control("user", user=user.name, caps={"mailfilter": False})
    assert put(d, S.OofState("1"), message(0, "weg")) == "3"
    a = d.settings(S.Oof(S.Get(S.BodyType("Text"))), S.UserInformation(S.Get()))
    assert a.doc.val("Oof/Status") == "3" and a.doc.val("UserInformation/Status") == "1"


@every("12.0")
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "error", "category": "TRY_AGAIN"}],
                         ids=["503", "again"])
def test_outage(phone, site, user, log, version, fault):
    log.allow_outage()
    d = phone(version, user=user).device
    site.ox.control("fault", user=user.name, module="mailfilter", count=-1, **fault)
    try:
        a = d.settings(S.Oof(S.Get(S.BodyType("Text"))))
    finally:
        site.ox.control("fault/clear")
    assert a.status == 503 or a.doc.val("Oof/Status") == "4", a


@every("12.0")
def test_user_information(phone, site, version):
    """All addresses of the user, each once, and which one is his own."""
    zoe = OxUser(*site.ox_address, "z5001", PASSWORD % "z5001")
    info = phone(version, user=zoe).device.settings_userinfo().doc["UserInformation"]
    where = info["Get/Accounts/Account/EmailAddresses" if float(version) >= 14.1 else "Get/EmailAddresses"]
    assert [e.text for e in where if e.tag == "SMTPAddress"] == [f"z5001@{DOMAIN}", f"zander@{DOMAIN}"]
    assert ("PrimarySmtpAddress" in where) == (float(version) >= 14.1)
    assert where.val("PrimarySmtpAddress", f"z5001@{DOMAIN}") == f"z5001@{DOMAIN}"
