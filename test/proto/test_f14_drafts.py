# SPDX-License-Identifier: Apache-2.0
"""Drafts both ways in 16.x (MS-ASEMAIL 3.1.5.1, 3.2.5; MS-ASCMD 2.2.3.157 Send)."""
import pytest

from easlib.client import unique
from easlib.items import mime
from easlib.mark import every
from easlib.replica import Turn
from easlib.wbxml import AirSync as A, AirSyncBase as B, Email as E, Email2 as E2, ItemOperations as I

DRAFTS, SENT = "default0/Drafts", "default0/Sent"


def draft(to=None, subject=None, text=None, html=None, cc=None, bcc=None, files=(), removed=(), **more):
    body = None
    if text is not None or html is not None:
        body = B.Body(B.Type("2" if html is not None else "1"), B.Data(html if html is not None else text))
    attachments = [B.Add(B.ClientId(cid), B.Method("1"), B.Content(data), B.DisplayName(name))
                   for cid, name, data in files] + [B.Delete(B.FileReference(r)) for r in removed]
    return [E.To(to) if to is not None else None, E.Cc(cc) if cc is not None else None,
            E2.Bcc(bcc) if bcc is not None else None, E.Subject(subject) if subject is not None else None,
            E.Importance(more["importance"]) if "importance" in more else None, body,
            B.Attachments(*attachments) if attachments else None]


def add(r, cid, data, send=False, lose=0, client_id=None):
    """Adds a draft; returns (turn, its response)."""
    client_id = client_id or unique("d")
    t = r.turn(cid, [A.Add(A.ClientId(client_id), A.ApplicationData(*data), E2.Send() if send else None)], lose)
    resp = t.response("Add", ClientId=client_id)
    if resp is not None and resp.val("Status") == "1":
        r.collections[cid].items[resp.val("ServerId")] = A.ApplicationData(*data)
    return t, resp


def change(r, cid, sid, data=None, send=False, lose=0):
    return r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(*data) if data else None,
                                 E2.Send() if send else None)], lose)


@pytest.fixture
def box(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(3)
    r.sync(cid)
    return r, cid


@every("16.0")
@pytest.mark.parametrize("lose", [0, 2])
def test_add(box, user, version, lose):
    r, cid = box
    t, resp = add(r, cid, draft("Jürgen <j@example.org>, b@example.org", "Entwurf ä", "Hallo Größe", cc="c@example.org",
                                bcc="d@example.org", importance="2"), lose=lose)
    assert resp.val("Status") == "1" and not t.commands, t
    (m,) = user.mails(DRAFTS)
    assert m["subject"] == "Entwurf ä" and m["flags"] & 36 == 36
    src = user.source(m["id"], DRAFTS)
    assert src.get_content().strip() == "Hallo Größe" and src["Cc"] == "c@example.org" and src["X-Priority"] == "1"
    assert str(src["To"]) == "Jürgen <j@example.org>, b@example.org" and src["Bcc"] == "d@example.org"
    assert user.address in str(src["From"])
    assert not r.sync(cid)[-1].commands
    # Another device of the user sees it as a draft.
    assert len(r.collections[cid].items) == 1


@every("16.0")
@pytest.mark.parametrize("lose", [0, 2])
def test_change(box, user, version, lose):
    """What is not named stays; the draft is one and the same, under a new id."""
    r, cid = box
    sid = add(r, cid, draft("a@example.org", "Eins", "Text"))[1].val("ServerId")
    t = change(r, cid, sid, draft(subject="Zwei", html="<p>Neu <b>ä</b></p>"), lose=lose)
    assert t.status == "1" and not t.responses, t
    (new,) = t.of("Add")
    assert list(t.of("Delete")) == [sid] and r.texts(cid, "Email:Subject") == ["Zwei"]
    (m,) = user.mails(DRAFTS)
    src = user.source(m["id"], DRAFTS)
    assert src["Subject"] == "Zwei" and src["To"] == "a@example.org" and "Neu <b>ä</b>" in src.get_content()
    assert not r.sync(cid)[-1].commands
    t = change(r, cid, new, draft(to=""))
    assert user.source(user.mails(DRAFTS)[0]["id"], DRAFTS)["To"] is None


@every("16.0")
def test_attachments(box, user, version):
    r, cid = box
    t, resp = add(r, cid, draft("a@example.org", "Mit Anhang", "Text", files=[
        ("f1", "Größe.bin", bytes(range(256))), ("f2", "zwei.txt", b"zwei")]))
    refs = {a.val("ClientId"): a.val("FileReference") for a in resp["ApplicationData/Attachments"]}
    assert set(refs) == {"f1", "f2"}

    def fetch(ref):
        a = r.device.cmd("ItemOperations", I.ItemOperations(I.Fetch(I.Store("Mailbox"), B.FileReference(ref))))
        return a.doc.val("Response/Fetch/Status"), a.doc.val("Response/Fetch/Properties/Data")
    assert fetch(refs["f2"]) == ("1", "endlaQ==")
    sid = resp.val("ServerId")
    t = change(r, cid, sid, draft(files=[("f3", "drei.txt", b"drei")], removed=[refs["f1"]]))
    (answer,) = t.responses
    assert answer.val("Status") == "1" and answer.val("ServerId") == sid
    (ref,) = [a.val("FileReference") for a in answer["ApplicationData/Attachments"]]
    assert fetch(ref) == ("1", "ZHJlaQ==")
    src = user.source(user.mails(DRAFTS)[0]["id"], DRAFTS)
    assert [p.get_filename() for p in src.iter_attachments()] == ["zwei.txt", "drei.txt"]
    assert src.get_body().get_content().strip() == "Text"
    (new,) = r.collections[cid].items
    (gone,) = change(r, cid, new, draft(removed=[refs["f2"]])).responses  # a part of the version before
    assert gone.val("Status") in ("6", "8")
    assert len(user.mails(DRAFTS)) == 1


@every("16.0")
@pytest.mark.parametrize("lose", [0, 2])
def test_send_at_once(box, user, other_user, version, lose):
    r, cid = box
    t, resp = add(r, cid, draft(other_user.address, "Sofort", "Grüße"), send=True, lose=lose)
    assert resp.val("Status") == "1", t
    r.sync(cid)
    r.sync(cid)
    assert r.collections[cid].items == {} and user.mails(DRAFTS) == []
    (m,) = other_user.mail_named("Sofort")
    assert other_user.source(m["id"]).get_content().strip() == "Grüße" and len(user.mail_named("Sofort", SENT)) == 1


@every("16.0")
@pytest.mark.parametrize("lose", [0, 2])
@pytest.mark.parametrize("edit", [False, True])
def test_send_a_draft(box, user, other_user, version, lose, edit):
    r, cid = box
    sid = add(r, cid, draft(other_user.address, "Später", "Alt", files=[("f", "f.txt", b"x")],
                            bcc="geheim@example.org"))[1].val("ServerId")
    t = change(r, cid, sid, draft(text="Neu") if edit else None, send=True, lose=lose)
    assert t.status == "1" and not t.responses and list(t.of("Delete")) == [sid], t
    assert user.mails(DRAFTS) == [] and not r.sync(cid)[-1].commands
    (m,) = other_user.mail_named("Später")
    src = other_user.source(m["id"])
    assert src.get_body().get_content().strip() == ("Neu" if edit else "Alt") and src["Bcc"] is None
    assert [p.get_filename() for p in src.iter_attachments()] == ["f.txt"]
    assert len(user.mail_named("Später", SENT)) == 1


@every("16.0")
def test_send_to_nobody(box, user, version):
    r, cid = box
    t, resp = add(r, cid, draft(subject="Niemand", text="x"), send=True)
    assert resp.val("Status") == "183", t
    sid = add(r, cid, draft(subject="Niemand", text="x"))[1].val("ServerId")
    (answer,) = change(r, cid, sid, send=True).responses
    assert answer.val("Status") == "183" and len(user.mails(DRAFTS)) == 1


@every("16.0")
def test_written_elsewhere(box, user, version):
    """A draft of the web mail comes to the phone; one that was edited there meanwhile and here is two drafts."""
    r, cid = box
    web = user.deliver(mime(user.address, "b@example.org", "Aus dem Netz", "Web"), DRAFTS, 36)
    r.sync(cid)
    (sid,) = r.collections[cid].items
    assert r.collections[cid].items[sid].val("Email2:IsDraft") == "1"
    user.delete_mail(web, DRAFTS)
    user.deliver(mime(user.address, "b@example.org", "Im Netz geändert", "Web 2"), DRAFTS, 36)
    t = change(r, cid, sid, draft(subject="Hier geändert", text="Phone"))
    assert t.status == "1", t
    r.sync(cid)
    assert r.texts(cid, "Email:Subject") == ["Hier geändert", "Im Netz geändert"]
    assert sorted(m["subject"] for m in user.mails(DRAFTS)) == ["Hier geändert", "Im Netz geändert"]


@every("16.0")
def test_delete_and_flags(box, user, version):
    r, cid = box
    sid = add(r, cid, draft("a@example.org", "Weg", "x"))[1].val("ServerId")
    r.sync(cid)
    t = r.change(cid, sid, [E.Read("0")])
    assert t.status == "1" and not t.responses and not user.mails(DRAFTS)[0]["flags"] & 32
    r.delete(cid, sid)
    assert user.mails(DRAFTS) == [] and not r.sync(cid)[-1].commands


@every("16.0")
def test_mime_body(box, user, version):
    r, cid = box
    whole = mime(user.address, "a@example.org", "Ganz", "Alles ä")
    t, resp = add(r, cid, [B.Body(B.Type("4"), B.Data(whole.decode()))])
    assert resp.val("Status") == "1", t
    src = user.source(user.mails(DRAFTS)[0]["id"], DRAFTS)
    assert src["Subject"] == "Ganz" and src.get_content().strip() == "Alles ä"


@every("16.0")
def test_bad_input(box, user, version):
    r, cid = box
    good = draft("a@example.org", "x", "y")
    for bad in (draft("a@example.org\r\nBcc: evil@example.org", "x", "y"), draft("a", "x\nBcc: evil@example.org", "y"),
                [E2.IsDraft("1")], [E.Importance("7")], [B.Body(B.Type("3"), B.Data("x"))],
                [B.Body(B.Type("1"), B.Data("x")), B.Attachments(B.Add(B.ClientId("1")))],
                draft("a@example.org", "x", "y", files=[("1", "n\r\nX: y", b"x")])):
        t, resp = add(r, cid, bad)
        assert resp.val("Status") == "6", (bad, t)
    t, resp = add(r, cid, draft("a@example.org", "x", "y", removed=["AAAAAAAAAAAAAAAAAAAA"]))
    assert resp.val("Status") in ("6", "8")
    assert user.mails(DRAFTS) == []
    (answer,) = change(r, cid, cid + ":99999", good).responses
    assert answer.val("Status") == "8"
    # Only into Drafts.
    inbox = r.folder(2)
    r.sync(inbox)
    assert add(r, inbox, good)[1].val("Status") == "6" and user.mails() == []


@every("14.0", "14.1")
def test_not_before_16(phone, user, version):
    r = phone(version, user=user)
    cid = r.folder(3)
    r.sync(cid)
    t = r.turn(cid, [A.Add(A.ClientId("1"), A.ApplicationData(E.To("a@example.org")))])
    assert t.response("Add", ClientId="1").val("Status") == "6" and user.mails(DRAFTS) == []


@every("16.0")
def test_same_request_after_the_next(box, user, version):
    """The very same command in a later turn is a new wish."""
    r, cid = box
    for _ in range(2):
        add(r, cid, draft("a@example.org", "Zweimal", "x"), client_id="same")
    assert len(user.mails(DRAFTS)) == 2
    c = r.collections[cid]
    req = r.request(c, [A.Add(A.ClientId("again"), A.ApplicationData(*draft("a@example.org", "Wieder", "x")))])
    ids = {Turn(r.device.sync(req), cid).response("Add", ClientId="again").val("ServerId") for _ in range(3)}
    assert len(ids) == 1 and len(user.mail_named("Wieder", DRAFTS)) == 1


@every("16.0")
@pytest.mark.parametrize("lose", [0, 2])
def test_two_changes_at_once(box, user, version, lose):
    """One draft changed twice in a request stays one draft, with both changes."""
    r, cid = box
    sid = add(r, cid, draft("a@example.org", "Eins", "Text"))[1].val("ServerId")
    t = r.turn(cid, [A.Change(A.ServerId(sid), A.ApplicationData(*draft(subject="Zwei"))),
                     A.Change(A.ServerId(sid), A.ApplicationData(*draft(text="Neu")))], lose)
    assert t.status == "1" and not t.responses, t
    r.sync(cid)
    (m,) = user.mails(DRAFTS)
    assert m["subject"] == "Zwei" and user.source(m["id"], DRAFTS).get_content().strip() == "Neu"
    assert r.texts(cid, "Email:Subject") == ["Zwei"]
