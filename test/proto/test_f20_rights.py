# SPDX-License-Identifier: Apache-2.0
"""Rights management (MS-ASRM, 14.1 and newer): not available here, and nothing else suffers from being asked for it."""
from easlib.client import expect, unique
from easlib.items import mime
from easlib.mark import every
from easlib.wbxml import (AirSync as A, AirSyncBase as B, ComposeMail as C, ItemOperations as I,
                          RightsManagement as R, Search as S, Settings)

from test_f03_attachments import box

TEMPLATE, ZERO = "11111111-2222-3333-4444-555555555555", "00000000-0000-0000-0000-000000000000"


@every("14.1")
def test_templates_are_not_available(phone, version):
    d = phone(version).device
    a = d.settings(Settings.RightsManagementInformation(Settings.Get()))
    assert (a.code, a.doc.val("RightsManagementInformation/Status")) == ("1", "168")
    assert "RightsManagementTemplates" not in str(a.doc)
    a = d.settings(Settings.RightsManagementInformation(), Settings.UserInformation(Settings.Get()))
    assert (a.doc.val("RightsManagementInformation/Status"), a.doc.val("UserInformation/Status")) == ("2", "1")


@every("14.1")
def test_mail_to_be_protected_is_not_sent(phone, user, other_user, version):
    """Nor goes it out without protection; zeroes stand for "not protected"."""
    user.deliver(mime("b@example.org", user.address, "Frage"))
    r, cid = box(phone, user, version)
    (sid,) = r.collections[cid].items
    source, m = C.Source(C.FolderId(cid), C.ItemId(sid)), mime(user.address, other_user.address, "geheim")

    def send(cmd, template, *more):
        return r.device.cmd(cmd, getattr(C, cmd)(C.ClientId(unique("rm")), *more, C.Mime(m), R.TemplateID(template)))
    for cmd, more in (("SendMail", ()), ("SmartReply", (source,)), ("SmartForward", (source,))):
        expect(send(cmd, TEMPLATE, *more), 168, 403)
    assert not other_user.mails()
    assert send("SendMail", ZERO).body == b"" and len(other_user.mails()) == 1


@every("14.1")
def test_support_is_passed_over(phone, user, version):
    """A phone that could show protected mail gets mail as it is."""
    user.deliver(mime("b@example.org", user.address, "Frage", "Wort"))
    r, cid = box(phone, user, version)
    (sid,) = r.collections[cid].items
    support = R.RightsManagementSupport("1")
    c = r.collections[cid]
    c.options = A.Options(B.BodyPreference(B.Type("1")), support)
    c.key, c.items = "0", {}
    r.sync(cid)
    (data,) = c.items.values()
    assert "RightsManagement:RightsManagementLicense" not in data and "Wort" in data.val("AirSyncBase:Body/Data")
    target = (I.Store("Mailbox"), A.CollectionId(cid), A.ServerId(sid))
    for more in ((I.Options(B.BodyPreference(B.Type("1")), support),), (R.RemoveRightsManagementProtection(),)):
        f = r.device.itemoperations(I.Fetch(*target, *more)).doc["Response/Fetch"]
        assert f.val("Status") == "1" and "Wort" in f.val("Properties/AirSyncBase:Body/Data")
    a = r.device.cmd("Search", S.Search(S.Store(
        S.Name("Mailbox"), S.Query(S.And(S.FreeText("Frage"))), S.Options(S.Range("0-9"), support))))
    assert a.doc.val("Response/Store/Status") == "1" and a.doc.val("Response/Store/Total") == "1"


@every("12.1", "14.0")
def test_older_versions_do_not_know_it(phone, version):
    a = phone(version).device.settings(Settings.RightsManagementInformation(Settings.Get()))
    expect(a, 103, 400)
