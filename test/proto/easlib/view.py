# SPDX-License-Identifier: Apache-2.0
"""What a phone shows of a mail, as lines of text that can be kept and compared.

A view is a version and a letter: t text, h HTML, c text cut at CUT bytes, m the source. Lines that several views share
stand once, with all of them in front: "t2.5-16.1 h12.0-16.1| Subject = Hallo". Not shown: what differs from run to run
(FileReference, DateReceived), what most mails have in common (COMMON), and a source (test_f06 holds it against what was
sent, byte for byte).
"""
import hashlib
import re

from .wbxml import AirSync as A, AirSyncBase as B, VERSIONS

CUT, SHOWN = 100, 160
VIEWS = [(v, k) for v in VERSIONS for k in "thcm" if k == "t" or (k == "h" and v != "2.5")
         or (k == "c" and v in ("2.5", "12.0", "14.0", "16.1")) or (k == "m" and v in ("2.5", "12.1", "14.1", "16.1"))]
COMMON = {("To", "b@example.org"), ("DisplayTo", "b@example.org"), ("From", "\"Absender\" <a@example.org>"), ("Read", "0"),
          ("Importance", "1"), ("InternetCPID", "65001"), ("Flag", ""), ("ContentClass", "urn:content-classes:message"),
          ("MessageClass", "IPM.Note"), ("DateReceived", "*"), ("Email2:ConversationId", "*"), ("Categories", ""),
          ("Email2:ConversationIndex", "*"), ("MIMETruncated", "0"), ("BodyTruncated", "0")}
HIDDEN = ("FileReference", "AttName")
BODIES = {"AirSyncBase:Body", "AirSyncBase:BodyPart", "Body", "MIMEData"}


def options(version, kind):
    """Sync Options of a view."""
    if version == "2.5":
        return A.Options(A.FilterType("0"), A.Truncation("1") if kind == "c" else None,
                         A.MIMESupport("2") if kind == "m" else None, A.MIMETruncation("8") if kind == "m" else None)
    pref = [B.Type({"t": "1", "c": "1", "h": "2", "m": "4"}[kind])]
    if kind == "c":
        pref += [B.TruncationSize(str(CUT)), B.Preview("20") if float(version) >= 14 else None]
    part = B.BodyPartPreference(B.Type("2")) if kind == "h" and float(version) >= 14.1 else None
    return A.Options(A.FilterType("0"), A.MIMESupport("2") if kind == "m" else None, B.BodyPreference(*pref), part)


def quoted(text):
    """One line, what cannot be seen spelled out, long ones by their beginning and a digest."""
    shown = text.decode("latin-1") if isinstance(text, bytes) else text
    line = shown[:SHOWN].encode("unicode_escape" if isinstance(text, bytes) else "utf-8").decode()
    line = line.replace("\r", "\\r").replace("\n", "\\n").replace("\t", "\\t")
    line = re.sub("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202f\ufeff]", lambda m: f"\\u{ord(m.group()):04x}", line)
    data = text if isinstance(text, bytes) else text.encode()
    return line if len(shown) <= SHOWN else f"{line}… {len(data)} bytes {hashlib.sha1(data).hexdigest()[:12]}"


def lines_of(item, path="", page="Email"):
    """One line for each element with a value."""
    out = []
    for e in item:
        name = e.tag if e.page == page else e.name
        if not path and name in BODIES and e.children:
            head = " ".join(f"{c.tag}={c.text}" for c in e if c.tag not in ("Data", "Preview"))
            data = e["Data"].value or "" if "Data" in e else None
            out.append(f"{name} {head} = {'-' if data is None else '*' if e.val('Type') == '4' else quoted(data)}")
            out += [f"{name}/Preview = {quoted(e.val('Preview'))}"] if "Preview" in e else []
        elif name == "MIMEData":
            out.append("MIMEData = *")
        elif e.tag == "Attachment":
            out.append(f"{path}{name}: " + ", ".join(f"{c.tag}={quoted(c.text)}" for c in e if c.tag not in HIDDEN))
        elif e.children:
            out += lines_of(e, f"{path}{name}/", e.page)
        elif e.tag == "TimeZone":
            out.append(f"{path}{name} = {hashlib.sha1(e.text.encode()).hexdigest()[:12]}")
        elif path or not {(name, e.text), (name, "*")} & COMMON:
            out.append(f"{path}{name} = {quoted(e.value if e.value is not None else '')}")
    return out


def label(views):
    """t2.5-16.1 and its like."""
    out = []
    for kind in "thcm":
        of_kind = [v for v, k in VIEWS if k == kind]
        at = [of_kind.index(v) for v, k in views if k == kind]
        while at:
            n = next((i for i in range(1, len(at)) if at[i] != at[0] + i), len(at))
            out.append(kind + of_kind[at[0]] + ("-" + of_kind[at[n - 1]] if n > 1 else ""))
            at = at[n:]
    return " ".join(out)


def merged(by_view):
    """{view: lines} as one text; the order is that of the first view that has the line."""
    order, where = [], {}
    for view in VIEWS:
        count = {}
        for line in by_view[view]:
            count[line] = count.get(line, 0) + 1
            key = (line, count[line])
            if key not in where:
                order.append(key)
            where.setdefault(key, []).append(view)
    blocks = {}
    for key in order:
        blocks.setdefault(label(where[key]), []).append(key[0])
    everywhere = label(VIEWS)
    return "".join(f"{'all' if views == everywhere else views}|\n" + "".join(f"  {x}\n" for x in lines)
                   for views, lines in blocks.items())
