# SPDX-License-Identifier: Apache-2.0
"""Conversations (MS-ASCON): searched by their id, moved as a whole, now and always; their index."""
from easlib.items import mime
from easlib.mark import every, rows
from easlib.wbxml import AirSync as A, AirSyncBase as B, ItemOperations as I, Search as S

INBOX, PROJECT = "default0/INBOX", "default0/INBOX/Projekt"


def letter(user, subject, own, refs="", text="x", folder=INBOX):
    more = f"Message-ID: <{own}>\r\n" + (f"References: {refs}\r\n" if refs else "")
    return user.deliver(mime("a@example.org", user.address, subject, text, more), folder)


def thread(phone, user, version):
    """A conversation of four mails in three folders, and another mail; the phone has the inbox and the project."""
    user.new_folder("Projekt", "mail")
    letter(user, "Faden", "r@x")
    letter(user, "Re: Faden", "s@x", "<r@x>", "Rechnung")
    letter(user, "AW: Faden", "t@x", "<r@x> <s@x>", folder="default0/Sent")
    letter(user, "WG: Faden", "u@x", "<r@x> <s@x> <t@x>", folder=PROJECT)
    letter(user, "Anders", "z@x")
    r = phone(version, user=user)
    inbox, project = r.folder(2), r.folder_named("Projekt")
    r.sync(inbox)
    r.sync(project)
    (sid,) = r.find(inbox, "Email:Subject", "Faden")
    return r, inbox, project, r.collections[inbox].items[sid]["Email2:ConversationId"].value


def move(r, conv, to, always=True, more=()):
    """Status of the one operation."""
    a = r.device.itemoperations(I.Move(I.ConversationId(conv), I.DstFldId(to),
                                       I.Options(I.MoveAlways()) if always else None, *more))
    (m,) = a.doc.all("Response/Move")
    assert a.code == "1" and m["ConversationId"].value == conv, a
    return m.val("Status")


def search(r, conv, *more, options=()):
    a = r.device.cmd("Search", S.Search(S.Store(
        S.Name("Mailbox"), S.Query(S.And(*more, S.ConversationId(conv))), S.Options(S.Range("0-99"), *options))))
    store = a.doc["Response/Store"]
    return store.val("Status"), sorted(p.val("Email:Subject") for p in store.all("Result/Properties"))


def subjects(user, folder):
    return sorted(m["subject"] for m in user.mails(folder))


@every("14.0")
def test_search(phone, user, version):
    r, inbox, _, conv = thread(phone, user, version)
    assert search(r, conv) == ("1", ["AW: Faden", "Faden", "Re: Faden", "WG: Faden"])
    assert search(r, conv, A.CollectionId(inbox)) == ("1", ["Faden", "Re: Faden"])
    assert search(r, conv, S.FreeText("Rechnung")) == ("1", ["Re: Faden"])
    assert search(r, bytes(16)) == ("1", [])
    assert search(r, b"short") == ("2", [])
    if float(version) >= 14.1:
        part = B.BodyPartPreference(B.Type("2"), B.TruncationSize("50"))
        assert search(r, conv, A.CollectionId(inbox), options=[part])[0] == "1"


@every("14.0")
def test_index_grows_by_the_level(phone, user, version):
    r, inbox, project, conv = thread(phone, user, version)
    index = {d.val("Subject"): d["Email2:ConversationIndex"].value
             for c in (inbox, project) for d in r.collections[c].items.values()}
    assert [len(index[s]) for s in ("Faden", "Re: Faden", "WG: Faden", "Anders")] == [5, 10, 20, 5]
    assert index["WG: Faden"][5:10] == index["Re: Faden"][5:10], "the same answer is the same level"
    assert all(d["Email2:ConversationId"].value == conv and d.val("ThreadTopic") == "Faden"
               for d in r.collections[project].items.values())


@every("14.0")
def test_move_always(phone, user, version):
    """All of it but what was sent; and what comes later goes there before the phone sees it."""
    r, inbox, project, conv = thread(phone, user, version)
    assert move(r, conv, project) == "1"
    assert subjects(user, PROJECT) == ["Faden", "Re: Faden", "WG: Faden"] and subjects(user, INBOX) == ["Anders"]
    assert subjects(user, "default0/Sent") == ["AW: Faden"]
    assert move(r, conv, project) == "1", "a repeat"
    r.sync(inbox)
    r.sync(project)
    assert r.texts(inbox, "Email:Subject") == ["Anders"]
    assert r.texts(project, "Email:Subject") == ["Faden", "Re: Faden", "WG: Faden"]
    letter(user, "Re: Re: Faden", "v@x", "<r@x> <t@x>")
    letter(user, "Neu", "w@x")
    (t,) = r.sync(inbox)
    assert [d.val("Email:Subject") for d in t.of("Add").values()] == ["Neu"] and len(t.commands) == 1
    assert "Re: Re: Faden" in subjects(user, PROJECT) and subjects(user, INBOX) == ["Anders", "Neu"]
    r.sync(project)
    assert "Re: Re: Faden" in r.texts(project, "Email:Subject")


@every("14.0")
def test_rule_is_taken_back_by_the_inbox(phone, user, version):
    r, inbox, project, conv = thread(phone, user, version)
    assert move(r, conv, project) == "1" and move(r, conv, inbox) == "1"
    letter(user, "Re: Re: Faden", "v@x", "<r@x> <t@x>")
    r.sync(inbox)
    assert r.texts(inbox, "Email:Subject") == ["Anders", "Faden", "Re: Faden", "Re: Re: Faden", "WG: Faden"]


@every("14.0")
def test_target_that_is_gone(phone, user, version):
    """What can no longer be moved is a mail like others."""
    r, inbox, project, conv = thread(phone, user, version)
    assert move(r, conv, project) == "1"
    user.delete_folder(PROJECT)
    r.foldersync()
    letter(user, "Re: Faden 2", "v@x", "<r@x> <t@x>")
    r.sync(inbox)
    assert "Re: Faden 2" in r.texts(inbox, "Email:Subject")


@every("14.0")
def test_ignored_conversation(phone, user, version):
    """To the trash, as Outlook ignores one."""
    r, inbox, project, conv = thread(phone, user, version)
    assert move(r, conv, r.folder(4)) == "1"
    assert subjects(user, "default0/Trash") == ["Faden", "Re: Faden", "WG: Faden"]


@every("14.0")
@rows("what,status", [["once", "once", "155"], ["contacts", "contacts", "156"], ["no folder", "999", "6"],
                      ["no conversation", "conv", "6"], ["recipients", "RI", "105"], ["outbox", "outbox", "156"]])
def test_statuses(phone, user, version, what, status):
    r, _, project, conv = thread(phone, user, version)
    to = {"contacts": r.folder(9), "999": "999", "RI": "RI", "outbox": r.folder(6)}.get(what, project)
    assert move(r, bytes(16) if what == "conv" else conv, to, what != "once") == status
    assert subjects(user, PROJECT) == ["WG: Faden"]
