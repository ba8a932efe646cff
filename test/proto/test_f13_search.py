# SPDX-License-Identifier: Apache-2.0
"""Search in the mailbox (MS-ASCMD 2.2.1.16) and Find (2.2.1.2)."""
import datetime

import pytest

from easlib.client import expect
from easlib.items import mime, punctuated
from easlib.mark import every
from easlib.replica import body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E, Find as F, ItemOperations as I, Search as S

from test_f11_moveitems import folder


def search(d, *conditions, first=None, last=None, deep=False, rebuild=False, options=(), name="Mailbox"):
    opts = [S.Range(f"{first}-{last}") if first is not None else None, S.DeepTraversal() if deep else None,
            S.RebuildResults() if rebuild else None, *options]
    a = d.cmd("Search", S.Search(S.Store(S.Name(name), S.Query(S.And(*conditions)), S.Options(*opts))))
    assert a.status == 200 and a.code == "1", a
    return a.doc["Response/Store"]


def subjects(store):
    return [r.val("Properties/Email:Subject") for r in store.all("Result") if "Properties" in r]


@pytest.fixture
def mails(user):
    """Five in the inbox, one in Sent, one below the inbox; the newest last."""
    user.login()
    for i, (who, subject, text) in enumerate([
            ("berta@example.org", "Rechnung Mai", "Bitte zahlen"), ("carl@example.org", "Einladung", "Zum Grillen"),
            ("berta@example.org", "Rechnung Juni", "Zweite Mahnung"), ("dora@example.org", "Größe", "Nichts weiter"),
            ("emil@example.org", "Urlaub", "Die Rechnung kommt später")]):
        user.deliver_aged(mime(who, user.address, subject, text), 50 - 10 * i)
    user.deliver(mime(user.address, "berta@example.org", "AW: Rechnung Mai", "bezahlt"), "default0/Sent", 32)
    return user


@every("12.0")
def test_words_everywhere(phone, mails, version):
    d = phone(version, user=mails).device
    found = search(d, S.FreeText("Rechnung"))
    assert found.val("Status") == "1" and found.val("Total") == "4" and found.val("Range") == "0-3", found.show()
    assert subjects(found) == ["AW: Rechnung Mai", "Urlaub", "Rechnung Juni", "Rechnung Mai"]
    assert {r.val("AirSync:Class") for r in found.all("Result")} == {"Email"}
    assert subjects(search(d, S.FreeText("rechnung mahnung"))) == ["Rechnung Juni"]
    assert subjects(search(d, S.FreeText("carl"))) == ["Einladung"]
    assert subjects(search(d, S.FreeText("größe"))) == ["Größe"]
    assert subjects(search(d, S.FreeText('"Zum Grillen"'))) == ["Einladung"]
    assert subjects(search(d, S.FreeText("Rechnung -Mahnung"))) == ["AW: Rechnung Mai", "Urlaub", "Rechnung Mai"]


@every("12.0")
def test_folders_and_classes(phone, mails, version):
    r = phone(version, user=mails)
    d, inbox = r.device, r.folder(2)
    below = folder(r, "Unten", "12")
    mails.deliver(mime("b@example.org", mails.address, "Rechnung unten"), "default0/INBOX/Unten")
    words = S.FreeText("Rechnung")
    assert len(subjects(search(d, words, A.CollectionId(inbox)))) == 3
    assert len(subjects(search(d, words, A.CollectionId(inbox), deep=True))) == 4
    assert subjects(search(d, words, A.CollectionId(below))) == ["Rechnung unten"]
    assert len(subjects(search(d, words, A.CollectionId(below), A.CollectionId(r.folder(5))))) == 2
    assert len(subjects(search(d, words, A.CollectionId("0")))) == 5
    assert len(subjects(search(d, A.Class("Email"), words))) == 5
    assert len(subjects(search(d, A.Class("Contacts"), A.Class("Email"), words))) == 5
    assert search(d, A.Class("Contacts"), words).val("Total") == "0"
    assert search(d, words, A.CollectionId("9999")).val("Status") == "11"


@every("12.0")
def test_dates(phone, mails, version):
    d = phone(version, user=mails).device

    def when(days):
        return punctuated(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days))
    later, earlier = (S.GreaterThan(E.DateReceived(), S.Value(when(35))), S.LessThan(E.DateReceived(), S.Value(when(15))))
    assert subjects(search(d, later, A.Class("Email")))[1:] == ["Urlaub", "Größe", "Rechnung Juni"]
    assert subjects(search(d, later, earlier)) == ["Größe", "Rechnung Juni"]
    assert subjects(search(d, later, earlier, S.FreeText("Rechnung"))) == ["Rechnung Juni"]
    for bad in (S.GreaterThan(E.DateReceived(), S.Value("gestern")), S.GreaterThan(S.Value(when(1))),
                S.LessThan(E.DateReceived())):
        assert search(d, bad).val("Status") == "2", bad.show()


@every("12.0")
def test_pages(phone, mails, version):
    """Later pages belong to the first one's result; RebuildResults looks again."""
    d = phone(version, user=mails).device
    words = S.FreeText("Rechnung")
    one = search(d, words, first=0, last=1)
    assert (one.val("Range"), one.val("Total"), len(subjects(one))) == ("0-1", "4", 2)
    mails.deliver(mime("b@example.org", mails.address, "Rechnung neu"))
    two = search(d, words, first=2, last=9)
    assert (two.val("Range"), two.val("Total")) == ("2-3", "4") and subjects(two) == ["Rechnung Juni", "Rechnung Mai"]
    assert search(d, words, first=2, last=9, rebuild=True).val("Total") == "5"
    assert subjects(search(d, words, first=0, last=0)) == ["Rechnung neu"]
    beyond = search(d, words, first=50, last=60)
    assert beyond.val("Status") == "1" and subjects(beyond) == []
    for first, last, status in ((0, 1000, "12"), (5, 2, "2"), ("x", 2, "2"), (-1, 2, "2"), (0, "99999999999999", "2")):
        assert search(d, words, first=first, last=last).val("Status") == status, (first, last)


@every("12.0")
def test_nothing_found(phone, mails, version):
    """One empty Result, and Range and Total all the same (fm50)."""
    found = search(phone(version, user=mails).device, S.FreeText("gibtesnicht"), first=0, last=9)
    assert found.val("Status") == "1" and found.val("Total") == "0" and found.val("Range") == "0-0"
    assert len(found.all("Result")) == 1 and not list(found["Result"])


@every("12.0")
def test_too_complex(phone, mails, version):
    d = phone(version, user=mails).device
    word = S.FreeText("x")

    def status(*query):
        a = d.cmd("Search", S.Search(S.Store(S.Name("Mailbox"), S.Query(*query))))
        assert a.status == 200 and a.code == "1", a
        return a.doc.val("Response/Store/Status")
    assert status(S.And(word), S.And(word)) == "8"
    assert status(S.Or(word)) == "8" and status(word) == "8" and status(S.And(S.And(word))) == "8"
    assert status(S.And(word, S.Or(word))) == "8"
    assert status(A.Class("Email"), S.And(word)) == "8"
    assert status(S.And(E.To("x"))) == "2" and status(S.And()) == "2" and status() == "2"
    assert status(S.And(S.FreeText("x" * 1025))) == "2" and status(S.And(A.Class("Unsinn"), word)) == "2"
    assert status(S.And(word, word)) == "2"


@every()
def test_schema(phone, version):
    d = phone(version).device
    for doc in (S.Search(), S.Search(S.Store()), S.Search(S.Store(S.Query("x")))):
        expect(d.cmd("Search", doc), 103, 400)
    a = d.cmd("Search", S.Search(S.Store(S.Name("Unsinn"), S.Query("x"))))
    assert a.code == "1" and a.doc.val("Response/Store/Status") == "2", a


@every("12.0")
@pytest.mark.parametrize("kind", ["1", "2", "4"])
def test_bodies_and_long_ids(phone, mails, version, kind):
    """Results in the form asked for; their LongId fetches the same mail, for this user alone."""
    d = phone(version, user=mails).device
    options = [A.MIMESupport("2") if kind == "4" else None, B.BodyPreference(B.Type(kind), B.TruncationSize("5000"))]
    (hit,) = search(d, S.FreeText("Grillen"), options=options).all("Result")
    data = hit["Properties"]
    assert "Zum Grillen" in (data.val("AirSyncBase:Body/Data") or str(data["AirSyncBase:Body/Data"].value)), data.show()
    assert data.val("AirSyncBase:Body/Type") == kind and 0 < len(hit.val("LongId")) <= 256
    fetch = I.ItemOperations(I.Fetch(I.Store("Mailbox"), S.LongId(hit.val("LongId")), I.Options(
        B.BodyPreference(B.Type("1")))))
    got = d.cmd("ItemOperations", fetch).doc["Response/Fetch"]
    assert got.val("Status") == "1" and got["Properties"].val("Email:Subject") == "Einladung"
    assert "Zum Grillen" in body_text(got["Properties"])


def test_whole_bodies(phone, user):
    """More than one call of OX brings, and more than one answer holds: the range tells how far it got."""
    d, n, text = phone("14.1", user=user).device, 18, ("x" * 99 + "\n") * 40000
    for i in range(n):
        user.deliver(mime("b@example.org", user.address, f"Bericht {i}", text))
    options = [B.BodyPreference(B.Type("1"))]
    got, first = [], 0
    while first < n:
        store = search(d, S.FreeText("Bericht"), first=first, last=99, options=options)
        page = store.all("Result")
        assert store.val("Total") == str(n) and page, store.val("Range")
        assert all(len(body_text(r["Properties"])) >= len(text) for r in page)
        assert store.val("Range") == f"{first}-{first + len(page) - 1}"
        got += subjects(store)
        first += len(page)
    assert sorted(got) == sorted(f"Bericht {i}" for i in range(n)) and len(got) > len(page) > 0


@every("12.0")
def test_long_id_of_somebody_else(phone, mails, other_user, version):
    d, other = phone(version, user=mails).device, phone(version, user=other_user).device
    (hit,) = search(d, S.FreeText("Grillen")).all("Result")
    fetch = I.ItemOperations(I.Fetch(I.Store("Mailbox"), S.LongId(hit.val("LongId"))))
    assert other.cmd("ItemOperations", fetch).doc.val("Response/Fetch/Status") == "6"


@every("12.0")
def test_answer_by_long_id(phone, mails, other_user, version):
    from test_f12_smart import smart
    d = phone(version, user=mails).device
    (hit,) = search(d, S.FreeText("Grillen")).all("Result")
    m = mime(mails.address, other_user.address, "AW: Einladung", "Ich komme")
    assert smart(d, "SmartReply", m, None, long_id=hit.val("LongId"), folder="").body == b""
    (got,) = other_user.mail_named("AW: Einladung")
    assert "> Zum Grillen" in other_user.source(got["id"]).get_content()


# ---- Find ----

def find(d, text, first=None, last=None, cid=None, deep=False, sid="6b2f9f66-0000-4000-8000-000000000001", cls="Email"):
    return d.cmd("Find", F.Find(F.SearchId(sid), F.ExecuteSearch(F.MailBoxSearchCriterion(
        F.Query(F.FreeText(text), A.Class(cls) if cls else None, A.CollectionId(cid) if cid else None),
        F.Options(F.Range(f"{first}-{last}") if first is not None else None, F.DeepTraversal() if deep else None)))))


def found(a):
    assert a.code == "1" and a.doc.val("Response/Status") == "1", a
    assert a.doc.val("Response/ItemOperations:Store") == "Mailbox"
    return [r.val("Properties/Email:Subject") for r in a.doc["Response"].all("Result")]


@every("16.1")
def test_find(phone, mails, version):
    r = phone(version, user=mails)
    d = r.device
    a = find(d, "Rechnung", 0, 9)
    assert found(a) == ["AW: Rechnung Mai", "Urlaub", "Rechnung Juni", "Rechnung Mai"]
    assert (a.doc.val("Response/Range"), a.doc.val("Response/Total")) == ("0-3", "4")
    hit = a.doc["Response"].all("Result")[1]
    data = hit["Properties"]
    assert data.val("Find:Preview").strip() == "Die Rechnung kommt später" and data.val("Email:Read") == "0"
    assert data.val("Find:HasAttachments") == "0" and data.val("Email2:IsDraft") == "0"
    assert "emil@example.org" in data.val("Email:From") and mails.address in data.val("Email:DisplayTo")
    inbox = r.folder(2)
    r.sync(inbox)
    assert hit.val("AirSync:ServerId") in r.collections[inbox].items and hit.val("AirSync:CollectionId") == inbox
    assert found(find(d, "from:berta")) == ["Rechnung Juni", "Rechnung Mai"]
    assert found(find(d, "to:berta subject:rechnung")) == ["AW: Rechnung Mai"]
    assert found(find(d, "subject:rechnung AND body:mahnung")) == ["Rechnung Juni"]
    assert found(find(d, 'subject:"Rechnung Mai"', cid=inbox)) == ["Rechnung Mai"]
    assert len(found(find(d, "Rechnung", cid=inbox, deep=True))) == 3
    assert found(find(d, "gibtesnicht")) == []


@every("16.1")
def test_find_pages(phone, mails, version):
    d = phone(version, user=mails).device
    assert find(d, "Rechnung", 2, 3).code == "4"
    assert len(found(find(d, "Rechnung", 0, 1))) == 2
    mails.deliver(mime("b@example.org", mails.address, "Rechnung neu"))
    assert found(find(d, "Rechnung", 2, 3)) == ["Rechnung Juni", "Rechnung Mai"]
    assert find(d, "Rechnung", 2, 3, sid="6b2f9f66-0000-4000-8000-000000000002").code == "4"
    assert found(find(d, "Rechnung", 0, 0)) == ["Rechnung neu"]
    for bad in (find(d, "x", 0, 1000), find(d, "x", 3, 1), find(d, "x", cls="Tasks"), find(d, "x", cls=None),
                find(d, "x" * 1100), find(d, "x", sid=""), d.cmd("Find", F.Find())):
        assert bad.code == "2", bad
    assert find(d, "x", cid="9999").code == "3"
