# SPDX-License-Identifier: Apache-2.0
"""Elements of mail that no other test has a use for, each taken or told in every version that has it."""
import pytest

from easlib.client import unique
from easlib.items import html_mime, mime
from easlib.mark import every
from easlib.wbxml import (AirSync as A, AirSyncBase as B, ComposeMail as C, Email as E, Email2 as E2, Find as F,
                          GetItemEstimate as G, ItemOperations as I, RightsManagement as R, Search as S, Tasks)
from test_f05_mail_kinds import invitation

NOT_PROTECTED = "00000000-0000-0000-0000-000000000000"


def synced(phone, user, version, **more):
    r = phone(version, user=user, **more)
    cid = r.folder(2)
    r.sync(cid)
    return r, cid


def preferences(version, kind="1"):
    """BodyPreference and BodyPartPreference with all they may hold."""
    v = float(version)
    return [B.BodyPreference(B.Type(kind), B.TruncationSize("5000"), B.AllOrNone("1"), B.Preview("30") if v >= 14 else None),
            B.BodyPartPreference(B.Type("2"), B.TruncationSize("5000"), B.AllOrNone("1"), B.Preview("30")) if v >= 14.1 else None,
            R.RightsManagementSupport("1") if v >= 14.1 else None]


def check_bodies(d, version, text):
    assert text in d.val("AirSyncBase:Body/Data"), d
    if float(version) >= 14:
        assert d.val("AirSyncBase:Body/Preview").strip() == text[:30]
    if float(version) >= 14.1:
        part = d["AirSyncBase:BodyPart"]
        assert part.val("Status") == "1" and text in part.val("Data") and part.val("Preview").strip() == text[:30]


@every("12.0")
def test_fetch_with_all_preferences(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "Alles", "Der ganze Text"))
    r, cid = synced(phone, user, version)
    (sid,) = r.collections[cid].items
    a = r.device.itemoperations(I.Fetch(I.Store("Mailbox"), A.CollectionId(cid), A.ServerId(sid),
                                        I.Options(*preferences(version))))
    assert a.doc.val("Response/Fetch/Status") == "1", a
    check_bodies(a.doc["Response/Fetch/Properties"], version, "Der ganze Text")


@every("12.0")
def test_search_with_all_preferences(phone, user, version):
    user.deliver(mime("b@example.org", user.address, "Fund", "Der gesuchte Text"))
    d = phone(version, user=user).device
    query = S.Query(S.And(A.Class("Email"), S.FreeText("gesuchte")))
    prefs = [p for p in preferences(version) if p is not None and p.tag != "BodyPartPreference"]
    a = d.cmd("Search", S.Search(S.Store(S.Name("Mailbox"), query, S.Options(S.Range("0-9"), *prefs))))
    found = a.doc["Response/Store/Result/Properties"]
    assert "Der gesuchte Text" in found.val("AirSyncBase:Body/Data"), a
    if float(version) >= 14:
        assert found.val("AirSyncBase:Body/Preview").strip() == "Der gesuchte Text"


@every("14.1")
def test_sync_with_rights_management_support(phone, user, version):
    """There is no protected mail: the device may say that it knows them."""
    user.deliver(mime("b@example.org", user.address, "Frei", "Ungeschützt"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.turn(cid)
    r.sync(cid, options=A.Options(A.FilterType("0"), *preferences(version)))
    (d,) = r.collections[cid].items.values()
    check_bodies(d, version, "Ungeschützt")
    assert "RightsManagementLicense" not in d


@every("2.5", "2.5")
def test_truncation_of_rtf(phone, user, version):
    """Nothing is told as RTF: how much of it the device wants does not matter."""
    user.deliver(mime("b@example.org", user.address, "Kurz", "Der ganze Text"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.turn(cid)
    r.sync(cid, options=A.Options(A.FilterType("0"), A.Truncation("9"), A.RTFTruncation("1")))
    (d,) = r.collections[cid].items.values()
    assert d.val("Email:Body").strip() == "Der ganze Text"


@every("14.1")
@pytest.mark.parametrize("cmd", ["SendMail", "SmartReply", "SmartForward"])
def test_template_of_zeroes(phone, user, other_user, version, cmd):
    """Not protected, in so many words: the mail goes out."""
    user.deliver(mime("b@example.org", user.address, "Ursprung", "Alter Text"))
    r, cid = synced(phone, user, version)
    (sid,) = r.collections[cid].items
    source = None if cmd == "SendMail" else C.Source(C.FolderId(cid), C.ItemId(sid))
    a = r.device.cmd(cmd, getattr(C, cmd)(
        C.ClientId(unique("t")), source, C.SaveInSentItems(), C.Mime(mime(user.address, other_user.address, "Offen", "Neu")),
        R.TemplateID(NOT_PROTECTED)))
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("Offen")
    assert ("Alter Text" in str(other_user.source(m["id"]))) == (cmd != "SendMail")
    assert len(user.mail_named("Offen", "default0/Sent")) == 1


@every("14.0")
def test_forward_by_long_id(phone, user, other_user, version):
    user.deliver(mime("b@example.org", user.address, "Ferner", "Alter Text"))
    d = phone(version, user=user).device
    a = d.cmd("Search", S.Search(S.Store(S.Name("Mailbox"), S.Query(S.And(A.Class("Email"), S.FreeText("Alter"))))))
    a = d.cmd("SmartForward", C.SmartForward(
        C.ClientId(unique("l")), C.Source(C.LongId(a.doc.val("Response/Store/Result/LongId"))),
        C.Mime(mime(user.address, other_user.address, "WG: Ferner", "Neu"))))
    assert a.status == 200 and a.body == b"", a
    (m,) = other_user.mail_named("WG: Ferner")
    assert "Alter Text" in str(other_user.source(m["id"]))


@every("16.0")
def test_all_elements_of_a_draft(phone, user, other_user, version):
    """ReplyTo, Bcc and everything that can be said of an attachment; the server tells Bcc of a draft, and of drafts only."""
    r = phone(version, user=user)
    cid = r.folder(3)
    r.sync(cid)
    data = [E.To(other_user.address), E.ReplyTo("eins@example.org;zwei@example.org"), E2.Bcc("geheim@example.org"),
            E.Subject("Mit allem"), B.Body(B.Type("2"), B.Data('<p>Bild <img src="cid:b1@x"></p>')),
            B.Attachments(B.Add(B.ClientId("f1"), B.Method("1"), B.Content(b"\x89PNG"), B.DisplayName("bild.png"),
                                B.ContentType("image/png"), B.ContentId("b1@x"), B.ContentLocation("bild.png"), B.IsInline("1")))]
    t = r.turn(cid, [A.Add(A.ClientId("c1"), A.ApplicationData(*data))])
    assert t.response("Add", ClientId="c1").val("Status") == "1", t
    (m,) = user.mails("default0/Drafts")
    source = user.source(m["id"], "default0/Drafts")
    part = next(p for p in source.walk() if p.get_content_type() == "image/png")
    assert part["Content-ID"] == "<b1@x>" and part.get_content_disposition() == "inline" and part.get_content() == b"\x89PNG"
    assert str(source["Reply-To"]) == "eins@example.org, zwei@example.org"
    other = phone(version, user=user)
    there = other.folder(3)
    other.sync(there)
    (d,) = other.collections[there].items.values()
    assert d.val("Email2:Bcc") == "geheim@example.org" and d.val("Email:ReplyTo") == "eins@example.org; zwei@example.org"
    assert d.val("AirSyncBase:Attachments/Attachment/IsInline") == "1"
    user.deliver(html_mime("b@example.org", user.address + "\r\nBcc: x@example.org", "Kein Entwurf", "t", "<p>h</p>"))
    inbox = other.folder(2)
    other.sync(inbox)
    assert all("Email2:Bcc" not in d for d in other.collections[inbox].items.values())


@every("16.1")
def test_find_tells_copies(phone, user, version):
    """DisplayCc and DisplayBcc."""
    r = phone(version, user=user)
    cid = r.folder(3)
    r.sync(cid)
    r.turn(cid, [A.Add(A.ClientId("c1"), A.ApplicationData(
        E.To("a@example.org"), E.Cc("Carla <c@example.org>, d@example.org"), E2.Bcc("geheim@example.org"),
        E.Subject("Auffindbar"), B.Body(B.Type("1"), B.Data("Text"))))])
    a = r.device.cmd("Find", F.Find(F.SearchId("6b2f9f66-0000-4000-8000-000000000009"), F.ExecuteSearch(F.MailBoxSearchCriterion(
        F.Query(F.FreeText("Auffindbar"), A.Class("Email")), F.Options(F.Range("0-9"))))))
    d = a.doc["Response/Result/Properties"]
    assert d.val("Find:DisplayCc") == "Carla;d@example.org" and d.val("Find:DisplayBcc") == "geheim@example.org", a


RULES = {"daily": "FREQ=DAILY;INTERVAL=2;COUNT=5", "weekly": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20301231T000000Z",
         "monthly": "FREQ=MONTHLY;BYDAY=-1FR", "yearly": "FREQ=YEARLY"}


@every()
def test_recurring_invitations(phone, user, version):
    """Each element of a rule in each version."""
    for name, rule in RULES.items():
        user.deliver(invitation(user, more=f"RRULE:{rule}\n").replace(b"Subject: ", b"Subject: " + name.encode() + b" "))
    r, cid = synced(phone, user, version)
    got = {d.val("Email:Subject").split()[0]: {e.tag: e.text for e in d["MeetingRequest/Recurrences/Recurrence"]}
           for d in r.collections[cid].items.values()}
    assert (got["daily"]["Interval"], got["daily"]["Occurrences"]) == ("2", "5")
    assert (got["weekly"]["DayOfWeek"], got["weekly"]["Until"]) == ("2", "20301231T000000Z")
    assert (got["monthly"]["WeekOfMonth"], got["monthly"]["DayOfWeek"]) == ("5", "32")
    assert (got["yearly"]["DayOfMonth"], got["yearly"]["MonthOfYear"]) == ("3", "7")
    assert ("CalendarType" in got["yearly"]) == (float(version) >= 14)
    assert ("FirstDayOfWeek" in got["weekly"]) == (float(version) >= 14.1)


DAY = "2031-05-0{}T00:00:00.000Z"
ACTIVE = [Tasks.Subject("Antworten"), E.Status("2"), E.FlagType("Follow up"), Tasks.StartDate(DAY.format(1)),
          Tasks.UtcStartDate(DAY.format(1)), Tasks.DueDate(DAY.format(3)), Tasks.UtcDueDate(DAY.format(3)),
          Tasks.ReminderSet("1"), Tasks.ReminderTime(DAY.format(2)), Tasks.OrdinalDate(DAY.format(1)), Tasks.SubOrdinalDate("5555")]
DONE = [Tasks.Subject("Antworten"), E.Status("1"), E.FlagType("Follow up"), Tasks.DateCompleted(DAY.format(4)),
        E.CompleteTime(DAY.format(4)), Tasks.ReminderSet("0")]


@every("12.0")
def test_all_elements_of_a_flag(phone, user, version):
    """Phones say much of a flag: it is taken, and the mail is flagged; completing it clears the mark."""
    user.deliver(mime("b@example.org", user.address, "Wichtig", "Text"))
    r, cid = synced(phone, user, version)
    (sid,) = r.collections[cid].items
    for flag, marked in ((ACTIVE, True), (DONE, False)):
        t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(E.Flag(*flag)))])
        assert t.status == "1" and not t.responses, t
        assert bool(user.mails()[0]["flags"] & 8) == marked


@every("14.0", "14.0")
def test_forward_kept_in_sent(phone, user, other_user, version):
    user.deliver(mime("b@example.org", user.address, "Ursprung", "Alter Text"))
    r, cid = synced(phone, user, version)
    (sid,) = r.collections[cid].items
    a = r.device.cmd("SmartForward", C.SmartForward(
        C.ClientId(unique("t")), C.Source(C.FolderId(cid), C.ItemId(sid)), C.SaveInSentItems(),
        C.Mime(mime(user.address, other_user.address, "WG: Ursprung", "Neu"))))
    assert a.status == 200 and a.body == b"", a
    assert len(user.mail_named("WG: Ursprung", "default0/Sent")) == 1


@every("14.0")
def test_estimate_of_conversations(phone, user, version):
    for n in range(3):
        user.deliver(mime("b@example.org", user.address, f"M{n}"))
    r = phone(version, user=user)
    cid = r.folder(2)
    r.turn(cid)
    a = r.device.cmd("GetItemEstimate", G.GetItemEstimate(G.Collections(G.Collection(
        A.SyncKey(r.collections[cid].key), G.CollectionId(cid), A.ConversationMode("1"),
        A.Options(A.FilterType("0"), A.Class("Email"))))))
    assert a.doc.val("Response/Status") == "1" and a.doc.val("Response/Collection/Estimate") == "3", a
