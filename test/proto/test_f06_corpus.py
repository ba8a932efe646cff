# SPDX-License-Identifier: Apache-2.0
"""The corpus of easlib/corpus.py in the hands of a phone of every version: each mail as text, as HTML, cut, and as its
source (easlib/view.py).

Three judges: what the maker of a mail put into it; rules that hold for every mail (nothing of a text is lost, sizes are
right, cuts are at characters, the source is the same byte for byte); and test/proto/corpus/*.txt, what a phone shows of
each mail, looked through once and kept. EAS_GOLDEN=write writes these anew; look at each difference before it is kept.
"""
import base64
import email
import email.policy
import html
import os
import re

import pytest

from conftest import User
from easlib.client import Device
from easlib.corpus import corpus
from easlib.replica import Replica, body_text
from easlib.view import CUT, VIEWS, lines_of, merged, options

GOLDEN = os.path.join(os.path.dirname(__file__), "corpus")


@pytest.fixture(scope="module")
def box(site):
    """(user, {server id's number: mail}): all mails in one inbox, in their order."""
    user, mails = User(site), corpus()
    ids = {}
    for m in mails:
        got = site.ox.control("module/mail", op="deliver", user=user.name, raw64=base64.b64encode(m.raw).decode(), silent=True)
        ids[got["data"]["id"]] = m
    assert len(ids) == len(mails) >= 450
    return user, ids


@pytest.fixture(scope="module")
def seen(site, box):
    """{view: {mail's name: ApplicationData}}"""
    user, ids = box
    out = {}
    for version, kind in VIEWS:
        r = Replica(Device(site.eas, user.name, user.password, version, timeout=60))
        r.device.provision()
        r.foldersync()
        cid = r.folder(2)
        r.turn(cid)
        r.sync(cid, options=options(version, kind))
        items = {sid.split(":")[1]: d for sid, d in r.collections[cid].items.items()}
        r.device.close()
        missing = [m.name for i, m in ids.items() if i not in items]
        assert not missing and not r.faults, (version, kind, missing, r.faults)
        out[version, kind] = {m.name: items[i] for i, m in ids.items()}
    return out


def plain(text):
    """Blanks and line ends are not what a charset is about."""
    return re.sub(r"\s+", " ", text or "").strip()


def data_of(d):
    """(type, bytes of the body, size told, cut or not) in every version."""
    body = d.get("AirSyncBase:Body")
    if body is None:
        data = d.get("Email:MIMEData") if "Email:MIMEData" in d else d.get("Email:Body")
        kind, size, cut = ("4", "MIMESize", "MIMETruncated") if "Email:MIMESize" in d else ("1", "BodySize", "BodyTruncated")
        size, cut = d.val(f"Email:{size}"), d.val(f"Email:{cut}")
    else:
        data, kind, size, cut = body.get("Data"), body.val("Type"), body.val("EstimatedDataSize"), body.val("Truncated")
    value = b"" if data is None or data.value is None else data.value
    return kind, value if isinstance(value, bytes) else value.encode(), int(size or 0), cut == "1"


def check_want(version, kind, mail, d):
    """What the maker put in."""
    want, bad = mail.want, []

    def check(what, got, right):
        if got != right:
            bad.append(f"{version}{kind} {mail.name}: {what} is {str(got)[:200]!r}, should be {str(right)[:200]!r}")
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
    if kind == "t" and "text" in want:
        check("text", plain(body_text(d)), plain(want["text"]))
    if kind == "t" and "part" in want:
        check(f"text with {want['part']!r}", want["part"] in plain(body_text(d)), True)
    if kind == "h" and "html" in want:
        got, data = data_of(d)[:2]
        check("html", (got, want["html"] in data.decode()), ("2", True))
    return bad


def words_of(raw, kind):
    """Words of four letters and more in the first text of a sound mail, as Python reads it; none where it cannot."""
    m = email.message_from_bytes(raw, policy=email.policy.default)
    try:
        part = m.get_body(("html", "plain") if kind == "h" else ("plain", "html"))
        text = part.get_content() if part is not None and not part.defects and not m.defects else ""
    except (LookupError, KeyError, ValueError, AttributeError, UnicodeError):
        return set()
    if part is not None and part.get_content_type() == "text/html":
        text = html.unescape(re.sub(r"<(style|script|head|title|select)\b.*?</\1>|<!--.*?-->|<(\"[^\"]*\"|'[^']*'|[^>\"'])*>", " ", text, flags=re.S))
    return {w for w in re.findall(r"[^\W_]{4,}", text) if "\ufffd" not in w}


def check_rules(view, mail, d, whole):
    """What holds for every mail; whole: the uncut text of the same version."""
    version, kind = view
    got, data, size, cut = data_of(d)
    bad = []

    def rule(holds, what):
        if not holds:
            bad.append(f"{version}{kind} {mail.name}: {what}: type {got}, {len(data)} bytes of {size}, {data[:120]!r}")
    rule(cut or size == len(data), "the size told is that of the data")
    rule(size >= len(data), "the size told is not below that of the data")
    if kind == "m":
        rule(got == "4" and data == mail.raw, "the source is untouched")
    elif kind == "c":
        limit = 512 if version == "2.5" else CUT
        rule(len(data) <= limit, "no longer than asked for")
        rule(whole.startswith(data), "a cut text is the beginning of the whole one")
        rule(cut or len(whole) == len(data), "Truncated says that something is missing")
        rule(len(whole) == len(data) or len(data) > limit - 4, "no more is cut than one character")
    else:
        rule(not cut, "a body without a limit is whole")
        rule(got == ("2" if kind == "h" else "1") or not data, "the type asked for")
    if kind in "th" and not mail.name.startswith("broken:"):
        text = data.decode()
        lost = {w for w in words_of(mail.raw, kind) if w not in (text if kind == "t" else html.unescape(text))}
        rule(not lost, f"no word is lost: {sorted(lost)[:5]}")
    for a in d.all("Attachments/Attachment"):
        name = a.val("DisplayName", "")
        rule(name and not re.search("[\x00-\x1f]", name), f"attachments have names that can be shown: {name!r}")
        rule(a.val("FileReference") or a.val("AttName"), "attachments have references")
    return bad


@pytest.mark.parametrize("view", VIEWS, ids=lambda v: v[0] + v[1])
def test_corpus(seen, box, log, view):
    """Each mail reaches the phone, shows what its maker put into it, and breaks no rule."""
    bad = []
    for m in box[1].values():
        d = seen[view][m.name]
        bad += check_want(*view, m, d)
        bad += check_rules(view, m, d, data_of(seen[view[0], "t"][m.name])[1] if view[1] == "c" else None)
    assert not bad, f"{len(bad)} differences:\n" + "\n".join(bad[:40])


def test_versions_agree(seen, box, log):
    """The same text, HTML and attachments in every version."""
    for m in box[1].values():
        for kind in "th":
            views = [seen[v][m.name] for v in VIEWS if v[1] == kind]
            assert len({data_of(d)[1] for d in views}) == 1, (m.name, kind)
            assert len({tuple(a.val("DisplayName") for a in d.all("Attachments/Attachment")) for d in views}) == 1, m.name


def test_golden(seen, box, log):
    """What a phone shows of each mail is what it was when somebody last looked."""
    files = {}
    for m in box[1].values():
        text = f"== {m.name}\n" + merged({v: lines_of(seen[v][m.name]) for v in VIEWS})
        files.setdefault(re.match(r"[a-z]+", m.name).group() + ".txt", []).append(text)
    if os.environ.get("EAS_GOLDEN") == "write":
        os.makedirs(GOLDEN, exist_ok=True)
        for name, texts in files.items():
            with open(os.path.join(GOLDEN, name), "w", encoding="utf-8") as f:
                f.write("\n".join(texts))
    assert sorted(files) == sorted(os.listdir(GOLDEN))
    bad = []
    for name, texts in files.items():
        with open(os.path.join(GOLDEN, name), encoding="utf-8") as f:
            kept = f.read().split("\n\n== ")
        now = "\n".join(texts).split("\n\n== ")
        bad += [f"--- is\n{a}\n--- was\n{b}" for a, b in zip(now, kept) if a != b]
        assert len(now) == len(kept), name
    assert not bad, f"{len(bad)} mails look different:\n" + "\n".join(bad[:5])
