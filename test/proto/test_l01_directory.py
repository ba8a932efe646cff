# SPDX-License-Identifier: Apache-2.0
"""The directory: Search in GAL (MS-ASCMD 2.2.1.16), Find with GalSearchCriterion (2.2.1.2)."""
import pytest

from easlib.mark import every
from easlib.seed import DOMAIN, PHOTOS
from easlib.wbxml import Find as F, Search as S


def search(d, text, first=None, last=None, *options):
    span = [S.Range(f"{first}-{last}")] if first is not None else []
    a = d.cmd("Search", S.Search(S.Store(S.Name("GAL"), S.Query(text), S.Options(*span, *options))))
    assert a.status == 200 and a.code == "1", a
    return a.doc["Response/Store"]


def names(store):
    return [r.val("Properties/Gal:DisplayName") for r in store.all("Result")]


@every()
def test_all_elements(phone, version):
    found = search(phone(version).device, "zoë")
    assert found.val("Status") == "1" and found.val("Range") == "0-0" and found.val("Total") == "1", found.show()
    (hit,) = found.all("Result")
    assert [(e.tag, e.text) for e in hit["Properties"]] == [
        ("DisplayName", "Zander, Zoë"), ("Phone", "+49 30 1"), ("Office", "B 12"), ("Title", "Chefin"),
        ("Company", "Zoo & Söhne"), ("Alias", "zoe"), ("FirstName", "Zoë"), ("LastName", "Zander"),
        ("HomePhone", "+49 30 2"), ("MobilePhone", "+49 170 1"), ("EmailAddress", f"z5001@{DOMAIN}")]


@every()
def test_prefixes(phone, version):
    """By name, address, first and last name in either order; sorted by name; whatever the case."""
    d = phone(version).device
    assert names(search(d, "ZAND")) == ["Zander, Zacharias", "Zander, Zoë"]
    assert names(search(d, f"z5002@{DOMAIN}")) == ["Zander, Zacharias"]
    for text in ("Zacharias Zander", "zander zach", "Zander, Z", " zander, zacharias "):
        assert "Zander, Zacharias" in names(search(d, text)), text
    assert names(search(d, "Zacharias Ozean")) == [] and names(search(d, "ander")) == []


@every()
def test_pages(phone, version):
    d = phone(version).device
    whole = names(search(d, "Zita"))
    assert len(whole) == 2
    one, two = search(d, "Zita", 0, 0), search(d, "Zita", 1, 5)
    assert (one.val("Range"), one.val("Total"), names(one)) == ("0-0", "2", whole[:1])
    assert (two.val("Range"), two.val("Total"), names(two)) == ("1-1", "2", whole[1:])
    many = search(d, "User")
    assert many.val("Range") == "0-99" and len(names(many)) == 100
    none = search(d, "Zita", 7, 9)
    assert none.val("Status") == "1" and names(none) == [] and none.val("Total") == "2"
    for first, last, status in ((0, 1000, "12"), (5, 2, "2"), ("x", 2, "2"), (0, "99999999999999", "2")):
        assert search(d, "Zita", first, last).val("Status") == status, (first, last)


@every()
def test_nobody(phone, version):
    """No Result at all, but Range and Total, which Android needs (fm50)."""
    found = search(phone(version).device, "gibtesnicht", 0, 9)
    assert found.val("Status") == "1" and found.all("Result") == [] and found.val("Total") == "0"
    assert found.val("Range") == "0-0"


@every()
def test_literally(phone, version):
    """Wildcards, quotes, JSON and LDAP in a query are just characters."""
    d = phone(version).device
    assert names(search(d, 'O\'Zorn "die" *')) == ['O\'Zorn "die" *, Zita']
    assert names(search(d, "100%")) == ["100% Zeno, Zeno"]
    for text in ("*", "?", "%", "_", "Z*", "Z?ta", "Z%", "*and*", "\\", '"', '","orSearch":true,"x":"', ")(cn=*", "1_0%"):
        assert names(search(d, text)) == [], text


@every()
@pytest.mark.parametrize("text", ["", "   ", "x" * 1025], ids=["empty", "blank", "long"])
def test_no_query(phone, version, text):
    found = search(phone(version).device, text)
    assert found.val("Status") == "2" and len(found.children) == 1, found.show()


@every()
def test_too_short(phone, site, version):
    d = phone(version).device
    site.ox.control("switch", **{"minimum-search-characters": 4})
    try:
        assert search(d, "Zi").val("Status") == "2" and len(names(search(d, "Zita"))) == 2
        assert names(search(d, "Zander, Z")) == ["Zander, Zacharias", "Zander, Zoë"]  # a name alone may be too short
    finally:
        site.ox.control("switch", **{"minimum-search-characters": 0})


@every("2.5")
def test_personal_contacts_are_not_the_directory(phone, user, version):
    user.new("contacts", display_name="Zwei, Anna", last_name="Zwei", email1="a@example.net")
    assert names(search(phone(version, user=user).device, "Zwei")) == []


PICTURES = [("without options", (), ["1", "1", "173"]), ("size", (("MaxSize", "1000"),), ["174", "1", "173"]),
            ("none at all", (("MaxPictures", "0"),), ["175", "175", "173"]), ("one", (("MaxPictures", "1"),), ["1", "175", "173"]),
            ("no size", (("MaxSize", "0"),), ["174", "174", "173"])]


def check_pictures(found, wanted):
    hits = {r.val("Properties/Gal:EmailAddress"): r["Properties/Gal:Picture"] for r in found.all("Result")}
    got = [hits[f"z{n}@{DOMAIN}"] for n in (5002, 5001, 5004)]
    assert [p.val("Gal:Status") for p in got] == wanted
    for p, n in zip(got, (5002, 5001)):
        assert ("Gal:Data" in p) == (p.val("Gal:Status") == "1") and ("Gal:Data" not in p or p["Gal:Data"].value == PHOTOS[n])


@every("14.1")
@pytest.mark.parametrize("options,wanted", [r[1:] for r in PICTURES], ids=[r[0] for r in PICTURES])
def test_pictures(phone, version, options, wanted):
    d = phone(version).device
    check_pictures(search(d, "Z", 0, 99, S.Picture(*(getattr(S, k)(v) for k, v in options))), wanted)


@every("14.1")
def test_picture_options(phone, version):
    d = phone(version).device
    assert "Gal:Picture" not in search(d, "zoë").all("Result")[0]["Properties"]
    for bad in (S.MaxSize("x"), S.MaxSize("-1"), S.MaxPictures("viele"), S.MaxPictures("-1")):
        assert search(d, "zoë", 0, 9, S.Picture(bad)).val("Status") == "2"


@every("14.1")
def test_picture_outage(phone, site, user, version):
    """One picture that cannot be read does not keep back the people."""
    d = phone(version, user=user).device
    for module in ("contacts/picture", "image"):
        site.ox.control("fault", user=user.name, module=module, kind="error", category="PERMISSION_DENIED", count=-1)
    try:
        found = search(d, "Zander", 0, 9, S.Picture())
    finally:
        site.ox.control("fault/clear")
    assert [r.val("Properties/Gal:Picture/Gal:Status") for r in found.all("Result")] == ["173", "173"], found.show()


OUTAGES = [{"module": "multiple", "kind": "status", "status": 503},
           {"module": "contacts", "kind": "error", "category": "SERVICE_DOWN"},
           {"module": "contacts", "kind": "error", "category": "TRY_AGAIN"}]


@every()
@pytest.mark.parametrize("fault", OUTAGES, ids=["503", "down", "again"])
def test_outage(phone, site, user, log, version, fault):
    log.allow_outage()
    d = phone(version, user=user).device
    site.ox.control("fault", user=user.name, count=-1, **fault)
    try:
        a = d.cmd("Search", S.Search(S.Store(S.Name("GAL"), S.Query("Zita"))))
    finally:
        site.ox.control("fault/clear")
    assert a.status == 503 and int(a.header("Retry-After")) > 0 or a.code == "3", a


# ---- Find ----

def find(d, text, first=None, last=None, *options, sid="6b2f9f66-0000-4000-8000-00000000000a"):
    span = [F.Range(f"{first}-{last}")] if first is not None else []
    return d.cmd("Find", F.Find(F.SearchId(sid), F.ExecuteSearch(F.GalSearchCriterion(
        F.Query(text), F.Options(*span, *options)))))


@every("16.1")
def test_find(phone, version):
    d = phone(version).device
    a = find(d, "Zander", 0, 9)
    found = a.doc["Response"]
    assert a.code == "1" and found.val("Status") == "1" and names(found) == ["Zander, Zacharias", "Zander, Zoë"]
    assert (found.val("Range"), found.val("Total"), found.val("ItemOperations:Store")) == ("0-1", "2", "GAL")
    assert find(d, "Zander", 1, 9, sid="6b2f9f66-0000-4000-8000-00000000000b").code == "4"
    assert names(find(d, "Zander", 1, 9).doc["Response"]) == ["Zander, Zoë"]
    assert names(find(d, "gibtesnicht").doc["Response"]) == []
    for bad in (find(d, ""), find(d, "Zander", 0, 1000), find(d, "Zander", 5, 1), find(d, "x" * 1100), find(d, "x", sid="")):
        assert bad.code == "2", bad


@every("16.1")
@pytest.mark.parametrize("options,wanted", [r[1:] for r in PICTURES], ids=[r[0] for r in PICTURES])
def test_find_pictures(phone, version, options, wanted):
    a = find(phone(version).device, "Z", 0, 99, F.Picture(*(getattr(F, k)(v) for k, v in options)))
    check_pictures(a.doc["Response"], wanted)
