# SPDX-License-Identifier: Apache-2.0
"""ResolveRecipients (MS-ASCMD 2.2.1.15): people, lists, ambiguous names, certificates, free and busy times, pictures."""
import datetime

import pytest

from easlib.mark import every
from easlib.ox import OxUser
from easlib.seed import DOMAIN, PASSWORD, PHOTOS
from easlib.wbxml import ResolveRecipients as R

ZOE = f"z5001@{DOMAIN}"
CHRONOS = "free|whole_days|private"  # see conftest.py
HALF = 1800000
DAY = 48 * HALF
MONDAY = int(datetime.datetime(2031, 6, 2, tzinfo=datetime.timezone.utc).timestamp() * 1000)


def wire(ms):
    return datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def ask(d, *to, options=()):
    a = d.cmd("ResolveRecipients", R.ResolveRecipients(*(R.To(t) for t in to), R.Options(*options) if options else None))
    assert a.status == 200, a
    return a


def resolve(d, *to, options=()):
    a = ask(d, *to, options=options)
    assert a.code == "1", a
    found = a.doc.all("Response")
    assert [r.val("To") for r in found] == list(to)
    return found


def addresses(response):
    return [r.val("EmailAddress") for r in response.all("Recipient")]


@every()
def test_people(phone, version):
    one, two, three, four = resolve(phone(version).device, ZOE, f'"Zoë" <{ZOE.upper()}>', "zander, zoë", "nobody@example.net")
    for r in (one, two, three):
        assert (r.val("Status"), r.val("RecipientCount")) == ("1", "1")
        (who,) = r.all("Recipient")
        assert [(e.tag, e.text) for e in who] == [("Type", "1"), ("DisplayName", "Zander, Zoë"), ("EmailAddress", ZOE)]
    assert four.val("Status") == "4" and four.all("Recipient") == []


@every()
def test_ambiguous(phone, version):
    d = phone(version).device
    (r,) = resolve(d, "Zita")
    assert (r.val("Status"), r.val("RecipientCount")) == ("2", "2") and len(addresses(r)) == 2
    (r,) = resolve(d, "User", options=[R.MaxAmbiguousRecipients("3")])
    assert r.val("Status") == "3" and len(addresses(r)) == 3 and int(r.val("RecipientCount")) > 100
    (r,) = resolve(d, "Zita", options=[R.MaxAmbiguousRecipients("0")])
    assert r.val("Status") == "3" and addresses(r) == []
    (r,) = resolve(d, "User")
    assert r.val("Status") == "3" and len(addresses(r)) == 20


@every()
def test_contacts(phone, user, version):
    """Address books count too; a copy of somebody in the directory does not make him ambiguous."""
    user.new("contacts", display_name="Zander, Zoë", last_name="Zander", email1=ZOE)
    user.new("contacts", display_name="Xaver, X", last_name="Xaver", email2="xaver@example.net")
    user.new("contacts", display_name="Xaver ohne Adresse", last_name="Xaver")
    mine, copy = resolve(phone(version, user=user).device, "xav", ZOE)
    assert mine.val("Status") == "1" and addresses(mine) == ["xaver@example.net"] and mine.val("Recipient/Type") == "2"
    assert copy.val("Status") == "1" and copy.val("Recipient/Type") == "1"


@every()
def test_list(phone, user, version):
    user.new("contacts", display_name="Xteam", mark_as_distributionlist=True, distribution_list=[
        {"display_name": "Zoë", "mail": ZOE, "mail_field": 0}, {"display_name": "ext", "mail": "x@example.net", "mail_field": 0}])
    (r,) = resolve(phone(version, user=user).device, "Xteam", options=[R.CertificateRetrieval("2")])
    assert r.val("Status") == "1" and r.val("Recipient/Type") == "2" and r.val("Recipient/DisplayName") == "Xteam"
    assert r.val("Recipient/Certificates/RecipientCount") == "2"


@every()
@pytest.mark.parametrize("kind", ["1", "2", "3"])
def test_certificates(phone, version, kind):
    """OX has none."""
    one, two = resolve(phone(version).device, ZOE, "Zita", options=[R.CertificateRetrieval(kind), R.MaxCertificates("5")])
    if kind == "1":
        assert "Certificates" not in one["Recipient"]
    else:
        assert one.val("Recipient/Certificates/Status") == "7" and one.val("Recipient/Certificates/CertificateCount") == "0"
    assert two.val("Status") == "2" and "Certificates" not in two.all("Recipient")[0]


@every()
def test_bad(phone, version):
    d = phone(version).device
    assert ask(d).code == "5" and ask(d, "").code == "5" and ask(d, "x" * 257).code == "5"
    assert ask(d, *["x@example.net"] * 101).code == "5"
    assert resolve(d, "ö" * 256)[0].val("Status") == "4"
    for bad in (R.CertificateRetrieval("4"), R.CertificateRetrieval("x"), R.MaxCertificates("10000"),
                R.MaxAmbiguousRecipients("-1"), R.MaxAmbiguousRecipients("viele")):
        assert ask(d, ZOE, options=[bad]).code == "5"


@every("14.1", "14.1")
def test_literally(phone, version):
    to = ("*", "Z*", "?", "%", '"', ")(cn=*", "   ", "Z_ta", "<>", "<@>")
    assert [r.val("Status") for r in resolve(phone(version).device, *to)] == ["4"] * len(to)


@every("14.1", "14.1")  # once: the stand-in looks through thousands of entries for each
def test_as_many_as_allowed(phone, version):
    assert len(resolve(phone(version).device, *["x@example.net"] * 100)) == 100


@every()
@pytest.mark.parametrize("fault", [{"module": "multiple", "kind": "status", "status": 503},
                                   {"module": "contacts", "kind": "error", "category": "TRY_AGAIN"}], ids=["503", "again"])
def test_outage(phone, site, user, log, version, fault):
    log.allow_outage()
    d = phone(version, user=user).device
    site.ox.control("fault", user=user.name, count=-1, **fault)
    try:
        a = d.cmd("ResolveRecipients", R.ResolveRecipients(R.To(ZOE)))
    finally:
        site.ox.control("fault/clear")
    assert a.status == 503 or a.code == "6", a


# ---- free and busy ----

def free(d, who, start=MONDAY, end=MONDAY + DAY):
    (r,) = resolve(d, who, options=[R.Availability(R.StartTime(wire(start)), R.EndTime(wire(end)) if end else None)])
    return r["Recipient/Availability"]


def busy(user, start, end, shown_as=1, **more):
    user.new("calendar", title="T", start_date=start, end_date=end, shown_as=shown_as, **more)


def slots(found):
    assert found.val("Status") == "1", found.show()
    return found.val("MergedFreeBusy")


@every("14.0")
def test_free_busy(phone, user, other_user, version):
    """Half hours from StartTime on; the higher one wins in a slot."""
    other_user.login()
    busy(other_user, MONDAY + 2 * HALF, MONDAY + 4 * HALF)
    busy(other_user, MONDAY + 3 * HALF, MONDAY + 3 * HALF + 60000, 3)
    busy(other_user, MONDAY + 6 * HALF + 60000, MONDAY + 7 * HALF + 60000, 2)
    busy(other_user, MONDAY + 10 * HALF, MONDAY + 12 * HALF, 4)
    d = phone(version, user=user).device
    assert slots(free(d, other_user.address)) == "0023" + "00" + "11" + "0" * 40
    assert slots(free(d, other_user.address, MONDAY + HALF, MONDAY + 4 * HALF + 60000)) == "0230"
    assert slots(free(d, other_user.address, MONDAY + 2 * HALF + 900000, MONDAY + 4 * HALF)) == "32"
    assert slots(free(d, other_user.address, MONDAY, None))[:8] == "00230011"
    assert len(slots(free(d, other_user.address, MONDAY, None))) == 7 * 48
    assert len(slots(free(d, other_user.address, MONDAY, MONDAY + 42 * DAY))) == 42 * 48


@every("14.0")
def test_whole_days_and_series(phone, user, other_user, version):
    """A whole day is one of the user's zone (Europe/Berlin, two hours ahead in June)."""
    other_user.login()
    busy(other_user, MONDAY, MONDAY + DAY, 3, full_time=True)
    busy(other_user, MONDAY + DAY + 20 * HALF, MONDAY + DAY + 21 * HALF, recurrence_type=1, interval=1, occurrences=3)
    got = slots(free(phone(version, user=user).device, other_user.address, MONDAY - DAY, MONDAY + 5 * DAY))
    assert got[:48] == "0" * 44 + "3333" and got[48:96] == "3" * 44 + "0000"
    assert [i for i, c in enumerate(got[96:]) if c != "0"] == [20, 68, 116]


@every("14.0")
def test_nobody_knows(phone, user, other_user, version):
    """No free time of somebody outside; of an ambiguous name nothing is told."""
    user.new("contacts", display_name="Xaver", email1="xaver@example.net")
    d = phone(version, user=user).device
    assert free(d, "xaver@example.net").val("Status") == "163"
    (r,) = resolve(d, "Zita", options=[R.Availability(R.StartTime(wire(MONDAY)))])
    assert "Availability" not in r.all("Recipient")[0]


@every("14.0")
def test_free_time_of_a_list(phone, user, other_user, third_user, version):
    for u, at in ((other_user, 2), (third_user, 5)):
        u.login()
        busy(u, MONDAY + at * HALF, MONDAY + (at + 1) * HALF)

    def lists(name, *members):
        user.new("contacts", display_name=name, mark_as_distributionlist=True,
                 distribution_list=[{"display_name": m, "mail": m, "mail_field": 0} for m in members])
    lists("Xzwei", other_user.address, third_user.address)
    lists("Xgemischt", other_user.address, "x@example.net")
    lists("Xgross", *[f"m{i}@example.net" for i in range(21)])
    lists("Xfremd", "x@example.net")
    d = phone(version, user=user).device
    assert slots(free(d, "Xzwei")) == "002002" + "0" * 42
    assert slots(free(d, "Xgemischt")) == "4" * 48
    assert free(d, "Xgross").val("Status") == "161" and free(d, "Xfremd").val("Status") == "163"


@every("14.0")
@pytest.mark.parametrize("category,status", [("TRY_AGAIN", "162"), ("SERVICE_DOWN", "162"), ("PERMISSION_DENIED", "163")])
def test_free_time_fails(phone, site, user, other_user, log, version, category, status, calendar_module):
    log.allow_outage()
    d = phone(version, user=user).device
    site.ox.control("fault", user=user.name, module=calendar_module, kind="error", category=category, count=-1)
    try:
        assert free(d, other_user.address).val("Status") == status
    finally:
        site.ox.control("fault/clear")


@every("14.0")
def test_bad_times(phone, version):
    d = phone(version).device

    def code(*parts):
        return ask(d, ZOE, options=[R.Availability(*parts)]).code
    start = R.StartTime(wire(MONDAY))
    assert code() == "5" and code(R.StartTime("gestern")) == "5" and code(start, R.EndTime("morgen")) == "5"
    for span in (-DAY, 0, HALF - 1000, 42 * DAY + 1000):
        assert code(start, R.EndTime(wire(MONDAY + span))) == "5", span
    assert code(start, R.EndTime(wire(MONDAY + HALF))) == "1"


# ---- pictures ----

@every("14.1")
def test_pictures(phone, version):
    d = phone(version).device
    to = (f"z5002@{DOMAIN}", ZOE, f"z5004@{DOMAIN}")

    def pictures(*options):
        return [r["Recipient/Picture"] for r in resolve(d, *to, options=[R.Picture(*options)])]
    got = pictures()
    assert [p.val("Status") for p in got] == ["1", "1", "173"] and got[1]["Data"].value == PHOTOS[5001]
    assert [p.val("Status") for p in pictures(R.MaxSize("1000"))] == ["174", "1", "173"]
    assert [p.val("Status") for p in pictures(R.MaxPictures("1"))] == ["1", "175", "173"]
    assert ask(d, ZOE, options=[R.Picture(R.MaxSize("x"))]).code == "5"


@every("14.0")
def test_private_appointments_stay_private(phone, site, other_user, version):
    """Free time tells when, never what."""
    other_user.login()
    busy(other_user, MONDAY, MONDAY + HALF, private_flag=True)
    zoe = OxUser(*site.ox_address, "z5001", PASSWORD % "z5001")
    assert slots(free(phone(version, user=zoe).device, other_user.address)) == "2" + "0" * 47
