# SPDX-License-Identifier: Apache-2.0
"""The corpus of easlib/corpus.py, read by a phone of each kind of version: what each mail must show, and that its source
comes through byte for byte."""
import base64
import html
import re

import pytest

from conftest import User
from easlib.client import Device
from easlib.corpus import corpus
from easlib.replica import Replica, body_text
from easlib.wbxml import AirSync as A, AirSyncBase as B


@pytest.fixture(scope="module")
def box(site):
    """(user, {server id's number: mail}): all mails in one inbox, in their order."""
    user, mails = User(site), corpus()
    ids = {}
    for m in mails:
        got = site.ox.control("module/mail", op="deliver", user=user.name, raw64=base64.b64encode(m.raw).decode(), silent=True)
        ids[got["data"]["id"]] = m
    assert len(ids) == len(mails) >= 300
    return user, ids


def options(version):
    if version == "2.5":
        return A.Options(A.FilterType("0"))
    if version == "16.1":
        return A.Options(A.FilterType("0"), A.MIMESupport("2"), B.BodyPreference(B.Type("4")))
    return A.Options(A.FilterType("0"), B.BodyPreference(B.Type("1" if version == "12.1" else "2")))


def plain(text):
    """Blanks and line ends are not what a charset is about."""
    return re.sub(r"\s+", " ", text or "").strip()


def judge(version, mail, d):
    """What is wrong with it, as text."""
    want, bad = mail.want, []

    def check(what, got, right):
        if got != right:
            bad.append(f"{mail.name}: {what} is {str(got)[:200]!r}, should be {str(right)[:200]!r}")
    for key, path in (("subject", "Subject"), ("cls", "MessageClass"), ("importance", "Importance"),
                      ("start", "MeetingRequest/StartTime")):
        if key in want:
            check(key, d.val(path), want[key])
    if "sender" in want and float(version) >= 14:
        check("sender", want["sender"] in d.val("Sender", ""), True)
    atts = d.all("Attachments/Attachment")
    if "names" in want:
        check("names", sorted(a.val("DisplayName") for a in atts), sorted(want["names"]))
    if "inline" in want and version != "2.5":
        check("inline", {a.val("ContentId") for a in atts if a.val("IsInline") == "1"}, want["inline"])
    if version in ("2.5", "12.1") and "text" in want:
        check("text", plain(body_text(d)), plain(want["text"]))
    if version == "14.1":
        kind, data = d.val("AirSyncBase:Body/Type"), d.val("AirSyncBase:Body/Data", "")
        if "html" in want:
            check("html", (kind, want["html"] in data), ("2", True))
        elif "text" in want:
            text = data if kind == "1" else html.unescape(re.sub(r"<head>.*?</head>|<[^>]*>", " ", data, flags=re.S))
            check("text", plain(text), plain(want["text"]))
    if version == "16.1":
        body = d["AirSyncBase:Body"]
        data = body["Data"].value if "Data" in body else b""
        data = data if isinstance(data, bytes) else data.encode()
        check("type", body.val("Type"), "4")
        check("source", data, mail.raw)
    return bad


@pytest.mark.parametrize("version", ["2.5", "12.1", "14.1", "16.1"])
def test_corpus(site, box, log, version):
    """Each mail reaches the phone, and shows what its maker put into it."""
    user, ids = box
    r = Replica(Device(site.eas, user.name, user.password, version, timeout=60))
    r.device.provision()
    r.foldersync()
    cid = r.folder(2)
    r.turn(cid)
    r.sync(cid, options=options(version))
    items = {sid.split(":")[1]: d for sid, d in r.collections[cid].items.items()}
    r.device.close()
    missing = [ids[i].name for i in ids if i not in items]
    assert not missing and not r.faults, (missing, r.faults)
    bad = [line for i, m in ids.items() for line in judge(version, m, items[i])]
    assert not bad, f"{len(bad)} differences:\n" + "\n".join(bad[:40])
