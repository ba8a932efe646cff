# SPDX-License-Identifier: Apache-2.0
"""Some 480 mails of all sorts, good and broken, each with what a phone must show of it.

Seeded: each run has the same mails. What is expected comes from what the generator put in, never from an answer. A row
is Mail(name, raw, want); want may have: subject, text (the whole text body), html (a part of the HTML body), cls,
importance, names (of attachments), inline (Content-Ids), start (of a meeting), sender. What is not named is not looked
at; that the mail is there, and that its source is the same byte for byte, is looked at always.
"""
import base64
import datetime
import io
import quopri
import random
import zipfile
from email.message import EmailMessage
from email.policy import SMTP

from .corpus_more import more
from .corpus_row import Mail, crlf, head, message


CHARSETS = {
    "us-ascii": "Plain old text, nothing else.", "utf-8": "Größe – 日本語 – 😀 – עברית",
    "iso-8859-1": "Größe, café, niño", "iso-8859-2": "Łódź, Čeština, őű", "iso-8859-3": "Ġorġ ħobż", "iso-8859-4": "ņķģ āē",
    "iso-8859-5": "Привет мир", "iso-8859-6": "مرحبا", "iso-8859-7": "Καλημέρα", "iso-8859-8": "שלום עולם",
    "iso-8859-9": "İstanbul ğş", "iso-8859-10": "Þórður ŋ", "iso-8859-13": "Ąžuolas", "iso-8859-14": "Ŵyn ŷ",
    "iso-8859-15": "Preis: 5 € Œuvre", "iso-8859-16": "Bună ziua, țară", "windows-1250": "Žluťoučký kůň",
    "windows-1251": "Съешь ещё", "windows-1252": "„Zitat“ – 5 €", "windows-1253": "Ελλάδα", "windows-1254": "Türkçe ış",
    "windows-1255": "עִבְרִית", "windows-1256": "سلام", "windows-1257": "Ēriks ņem", "windows-1258": "Việt Nam",
    "koi8-r": "Кириллица", "koi8-u": "Україна ї", "gb2312": "你好世界", "gbk": "你好，鎔基", "gb18030": "你好 😀",
    "big5": "繁體中文", "shift_jis": "日本語テスト", "euc-jp": "日本語の文", "iso-2022-jp": "日本語メール", "euc-kr": "한국어",
    "utf-16": "Sechzehn ß", "ibm850": "Größe", "tis-620": "สวัสดี", "macintosh": "Größe ø",
}
PYTHON = {"ibm850": "cp850", "macintosh": "mac_roman", "windows-1258": "cp1258"}


def encoded(text, charset):
    if charset == "windows-1258":  # Vietnamese is written with combining marks there
        import unicodedata
        try:
            return text.encode("cp1258")
        except UnicodeEncodeError:
            return "".join(unicodedata.normalize("NFD", c) if ord(c) > 0x1000 else c for c in text).encode("cp1258", "replace")
    return text.encode(PYTHON.get(charset, charset))


def charsets():
    """Each charset in the body, by each transfer encoding, and in the subject."""
    for n, (charset, text) in enumerate(CHARSETS.items()):
        data = encoded(text, charset)
        if charset in ("windows-1258",):
            continue  # its combining marks make more than one right answer
        for how in ("base64", "quoted-printable", "8bit"):
            if (how, charset) in (("8bit", "utf-16"), ("8bit", "iso-2022-jp"), ("quoted-printable", "utf-16")):
                continue  # not to be had in lines
            body = {"base64": base64.encodebytes(data), "quoted-printable": quopri.encodestring(data), "8bit": data}[how]
            b64 = base64.b64encode(encoded(text[:8].strip(), charset)).decode()
            word = f"=?{charset}?B?{b64}?= {n}".encode()
            yield Mail(f"charset {charset} {how}",
                       head(word, f"text/plain; charset={charset}", b"Content-Transfer-Encoding: " + how.encode() + b"\r\n")
                       + b"\r\n" + (crlf(body) if how != "8bit" else body) + b"\r\n",
                       {"text": text, "subject": f"{text[:8].strip()} {n}", "cls": "IPM.Note"})


def bodies(rnd):
    words = "eins zwei drei vier fünf sechs sieben acht neun zehn <&> \"'".split()
    for i in range(40):
        text = "\n".join(" ".join(rnd.choice(words) for _ in range(rnd.randint(1, 12))) for _ in range(rnd.randint(1, 30)))
        mark = f"Marke{rnd.randint(0, 10**9)}"
        html = f"<html><head><style>p{{color:red}}</style></head><body><p><b>{mark}</b> ä&amp;ö</p></body></html>"
        if i % 4 == 0:
            yield Mail(f"text {i}", message(f"Text {i}", text).as_bytes(), {"subject": f"Text {i}", "text": text})
        elif i % 4 == 1:
            yield Mail(f"both {i}", message(f"Beide {i}", text, html).as_bytes(),
                       {"subject": f"Beide {i}", "text": text, "html": f"<b>{mark}</b>"})
        elif i % 4 == 2:
            m = message(f"HTML {i}")
            m.set_content(html, subtype="html")
            yield Mail(f"html {i}", m.as_bytes(), {"subject": f"HTML {i}", "html": f"<b>{mark}</b>", "text": f"{mark} ä&ö"})
            yield Mail(f"html latin {i}", head(b"Latin", "text/html; charset=iso-8859-1") + (
                f'\r\n<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"></head>'
                f"<body>{mark} äß</body></html>\r\n").encode("latin-1"),
                {"html": f'charset=utf-8"></head><body>{mark} äß', "text": f"{mark} äß"})
        else:
            m = message(f"Bild {i}", text, html.replace("</p>", f'<img src="cid:c{i}@x"></p>'))
            m.get_payload()[1].add_related(b"\x89PNG" + rnd.randbytes(200), "image", "png", cid=f"<c{i}@x>",
                                           disposition="inline")
            yield Mail(f"related {i}", m.as_bytes(),
                       {"subject": f"Bild {i}", "text": text, "html": f"<b>{mark}</b>", "inline": {f"c{i}@x"}})


def attachments(rnd):
    names = ["a.pdf", "Übersicht 2023.xlsx", "日本語.txt", "name with spaces.doc", "..", "a/b\\c.txt", "x" * 200 + ".bin",
             "quote\"d.txt", "emoji 😀.png", "semi;colon.csv"]
    for i in range(40):
        picks = rnd.sample(names, rnd.randint(1, 4))
        m = message(f"Anhang {i}", f"Text {i}")
        for name in picks:
            m.add_attachment(rnd.randbytes(rnd.randint(0, 3000)), "application", "octet-stream", filename=name)
        yield Mail(f"attachments {i}", m.as_bytes(), {"subject": f"Anhang {i}", "text": f"Text {i}", "names": sorted(picks)})
    for i in range(6):
        inner = message(f"Innen {i}", "innen")
        m = message(f"Weiter {i}", "außen")
        m.add_attachment(inner)
        yield Mail(f"nested {i}", m.as_bytes(), {"subject": f"Weiter {i}", "text": "außen", "names": [f"Innen {i}.eml"]})
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("nullen", bytes(20 * 1024 * 1024))
    m = message("Bombe", "Finger weg")
    m.add_attachment(box.getvalue(), "application", "zip", filename="bombe.zip")
    yield Mail("zip bomb", m.as_bytes(), {"subject": "Bombe", "text": "Finger weg", "names": ["bombe.zip"]})


def meetings(rnd):
    zones = {"Z": None, "Europe/Berlin": 60, "America/New_York": -300, "Asia/Tokyo": 540, "Asia/Kolkata": 330}
    for i in range(60):
        zone = rnd.choice(list(zones))
        start = datetime.datetime(2031, 1, 10, rnd.randint(0, 23), rnd.choice((0, 15, 30))) + datetime.timedelta(days=i)
        utc = start - datetime.timedelta(minutes=zones[zone] or 0)
        off = zones[zone]
        text = start.strftime("%Y%m%dT%H%M%S")
        block = "" if off is None else (
            f"BEGIN:VTIMEZONE\r\nTZID:{zone}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:"
            f"{'+' if off >= 0 else '-'}{abs(off) // 60:02d}{abs(off) % 60:02d}\r\nTZOFFSETTO:"
            f"{'+' if off >= 0 else '-'}{abs(off) // 60:02d}{abs(off) % 60:02d}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n")
        method, stat, cls = rnd.choice((("REQUEST", "NEEDS-ACTION", "Request"), ("CANCEL", "NEEDS-ACTION", "Canceled"),
                                        ("REPLY", "ACCEPTED", "Resp.Pos"), ("REPLY", "TENTATIVE", "Resp.Tent"),
                                        ("REPLY", "DECLINED", "Resp.Neg")))
        ics = (f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:{method}\r\n{block}BEGIN:VEVENT\r\nUID:corpus-{i}\r\n"
               f"DTSTAMP:20300101T000000Z\r\nDTSTART{'' if off is None else ';TZID=' + zone}:{text}{'Z' if off is None else ''}"
               f"\r\nDURATION:PT1H\r\nSUMMARY:Termin {i}\r\nORGANIZER:mailto:chef@example.org\r\n"
               f"ATTENDEE;PARTSTAT={stat}:mailto:b@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
        m = message(f"Termin {i}", "Einladung")
        m.make_alternative()
        part = EmailMessage(policy=SMTP)
        part.set_content(ics, subtype="calendar", params={"method": method}, cte="base64")
        m.attach(part)
        yield Mail(f"meeting {i}", m.as_bytes(),
                   {"subject": f"Termin {i}", "text": "Einladung", "cls": "IPM.Schedule.Meeting." + cls,
                    "start": utc.strftime("%Y-%m-%dT%H:%M:00.000Z")})


def kinds():
    for i, (header, want) in enumerate((("X-Priority: 1", "2"), ("X-Priority: 5", "0"), ("Importance: high", "2"),
                                        ("Importance: low", "0"), ("X-Priority: 3", "1"), ("X-Priority: junk", "1"))):
        yield Mail(f"importance {i}", head(b"Wichtig %d" % i, more=header.encode() + b"\r\n") + b"\r\nx\r\n",
                   {"subject": f"Wichtig {i}", "importance": want})
    for i, (kind, part, cls) in enumerate((
            ("delivery-status", "Action: failed", "NDR"), ("delivery-status", "Action: delayed", "DELAYED"),
            ("delivery-status", "Action: delivered", "DR"),
            ("disposition-notification", "Disposition: m/a; displayed", "IPNRN"),
            ("disposition-notification", "Disposition: m/a; deleted", "IPNNRN"))):
        yield Mail(f"report {i}", head(b"Bericht %d" % i, f'multipart/report; report-type={kind}; boundary="r"')
                   + f"\r\n--r\r\nContent-Type: text/plain\r\n\r\nBericht\r\n--r\r\nContent-Type: message/{kind}\r\n\r\n"
                   f"Reporting-MTA: dns; x\r\n\r\n{part}\r\n--r--\r\n".encode(),
                   {"subject": f"Bericht {i}", "cls": "REPORT.IPM.Note." + cls})
    for i, pgp in enumerate(("pkcs7", "pgp")):
        yield Mail(f"signed {pgp}", head(b"Signiert %d" % i, f'multipart/signed; protocol="application/{pgp}-signature"; '
                                         'micalg=sha-256; boundary="s"') + b"\r\n--s\r\nContent-Type: text/plain\r\n\r\n"
                   b"Unterschrieben  \r\n--s\r\nContent-Type: application/" + pgp.encode() + b"-signature; name=sig\r\n\r\n"
                   b"AAAA\r\n--s--\r\n", {"subject": f"Signiert {i}", "cls": "IPM.Note.SMIME.MultipartSigned",
                                          "text": "Unterschrieben"})
    yield Mail("sealed", head(b"Geheim", "application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
                              b"Content-Transfer-Encoding: base64\r\n") + b"\r\nAAAA\r\n",
               {"subject": "Geheim", "cls": "IPM.Note.SMIME"})
    yield Mail("sender", head(b"Vertretung", more=b"Sender: Sekretariat <sek@example.org>\r\n") + b"\r\nx\r\n",
               {"subject": "Vertretung", "sender": "sek@example.org"})


def headers():
    for i, (raw, want) in enumerate((
            (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?= =?utf-8?Q?_an_alle?=", "Grüße an alle"),
            (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"), (b"Re: AW: =?iso-8859-1?Q?=FCber?=", "Re: AW: über"),
            (b"folded\r\n subject\r\n line", "folded subject line"), (b"", None), (b"   ", None),
            (b"=?utf-8?Q?unfinished", "=?utf-8?Q?unfinished"), (b"Gr\xc3\xbc\xc3\x9fe roh", "Grüße roh"),
            (b"x" * 5000, "x" * 5000), (b"a\tb", None), (b"=?utf-8?B?8J+YgA==?= Emoji", "😀 Emoji"),
            (b"<script>alert(1)</script>", "<script>alert(1)</script>"), (b"%s %n %x", "%s %n %x"),
            (b"=?utf-8?Q?Bcc=0D=0AX-Injected:_1?=", None))):
        yield Mail(f"subject {i}", head(raw) + b"\r\nInhalt %d\r\n" % i, {"text": f"Inhalt {i}", **({"subject": want} if want else {})})


def broken(rnd):
    """No expectation but that a phone gets each of them, and their source untouched."""
    part = b"--p\r\nContent-Type: text/plain\r\n\r\nTeil\r\n"
    rows = {
        "empty": b"", "only newline": b"\r\n", "no headers": b"nur Text, kein Kopf", "only headers": b"Subject: Kopf\r\n",
        "no colon": b"Subject: K\r\nkein Doppelpunkt\r\nFrom: a@b\r\n\r\nText\r\n", "bare cr": b"Subject: x\rFrom: a@b\r\rText",
        "bare lf": b"Subject: lf\nFrom: a@b\n\nText\n", "nul bytes": b"Subject: n\0ul\r\n\r\nA\0B\0C\r\n",
        "binary": b"Subject: bin\r\n\r\n" + rnd.randbytes(3000), "boundary missing": head(b"m1", "multipart/mixed") + b"\r\n" + part,
        "boundary elsewhere": head(b"m2", "multipart/mixed; boundary=q") + b"\r\n" + part,
        "never closed": head(b"m3", "multipart/mixed; boundary=p") + b"\r\n" + part,
        "no part": head(b"m4", "multipart/mixed; boundary=p") + b"\r\n--p--\r\n",
        "closed twice": head(b"m5", "multipart/mixed; boundary=p") + b"\r\n" + part + b"--p--\r\n" + part + b"--p--\r\n",
        "bad base64": head(b"b1", more=b"Content-Transfer-Encoding: base64\r\n") + b"\r\n!!!=A==B$%&\r\n",
        "bad qp": head(b"b2", more=b"Content-Transfer-Encoding: quoted-printable\r\n") + b"\r\n=ZZ=\r\n=C3=\r\n=\r\n",
        "unknown encoding": head(b"b3", more=b"Content-Transfer-Encoding: x-morse\r\n") + b"\r\n-.-.\r\n",
        "unknown charset": head(b"b4", "text/plain; charset=klingon") + b"\r\nqapla\xff\r\n",
        "wrong charset": head(b"b5", "text/plain; charset=utf-8") + b"\r\nlatin: \xe4\xf6\xfc\r\n",
        "cut utf-8": head(b"b6", "text/plain; charset=utf-8") + b"\r\nende: \xf0\x9f\x98",
        "surrogates": head(b"b7", "text/plain; charset=utf-8") + b"\r\n\xed\xa0\x80\xed\xb0\x80\r\n",
        "control characters": head(b"b8") + b"\r\n" + bytes(range(1, 32)) + b"\r\n",
        "type is junk": head(b"t1", ";;;/;;=") + b"\r\nText\r\n", "type twice": head(b"t2", more=b"Content-Type: text/html\r\n") + b"\r\n<b>x",
        "endless header line": b"Subject: lang\r\nX-Lang: " + b"y" * 1000000 + b"\r\n\r\nText\r\n",
        "endless headers": b"Subject: viele\r\n" + b"".join(b"X-H%d: v\r\n" % i for i in range(20000)) + b"\r\nText\r\n",
        "many recipients": b"Subject: alle\r\nTo: " + b",\r\n ".join(b"u%d@example.org" % i for i in range(3000)) + b"\r\n\r\nx\r\n",
        "bad addresses": b"Subject: adr\r\nFrom: <<<>>>@@\r\nTo: ,,;:\"\r\nCc: a b c\r\n\r\nx\r\n",
        "group": b"Subject: gr\r\nFrom: a@b\r\nTo: undisclosed-recipients:;\r\n\r\nx\r\n",
        "date is junk": b"Subject: d\r\nDate: gestern\r\nFrom: a@b\r\n\r\nx\r\n",
        "date in year 9999": b"Subject: d\r\nDate: Fri, 31 Dec 9999 23:59:59 +0000\r\n\r\nx\r\n",
        "ten thousand parts": head(b"p", "multipart/mixed; boundary=p") + b"\r\n" + part * 10000 + b"--p--\r\n",
        "deep": head(b"deep", "multipart/mixed; boundary=b0") + b"\r\n" + b"".join(
            b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(300)),
        "nested deep": (head(b"nest", "message/rfc822") + b"\r\n") * 100 + b"x",
        "html never closed": head(b"h1", "text/html") + b"\r\n" + b"<div>" * 20000,
        "html comment": head(b"h2", "text/html") + b"\r\n<!-- " + b"<" * 50000,
        "html entities": head(b"h3", "text/html") + b"\r\n&#0;&#x110000;&#xD800;&nosuch;&#99999999999;\r\n",
        "huge thread index": b"Subject: t\r\nThread-Index: " + b"A" * 5000 + b"\r\n\r\nx\r\n",
        "bad thread index": b"Subject: t\r\nThread-Index: @@@\r\n\r\nx\r\n",
        "calendar junk": head(b"c1", "text/calendar; method=REQUEST") + b"\r\nBEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n",
        "filename path": head(b"f1", "multipart/mixed; boundary=p") + b"\r\n" + part + b"--p\r\nContent-Type: x/y\r\n"
        b"Content-Disposition: attachment; filename=\"../../../etc/passwd\"\r\n\r\nx\r\n--p--\r\n",
        "filename broken": head(b"f2", "multipart/mixed; boundary=p") + b"\r\n" + part + b"--p\r\nContent-Type: x/y\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%ZZ%C3; filename=\"\xff\"\r\n\r\nx\r\n--p--\r\n",
    }
    for name, raw in rows.items():
        yield Mail("broken: " + name, raw, {})


def corpus(seed=4):
    rnd, before = random.Random(seed), random.getstate()
    random.seed(seed)  # boundaries come from there
    mails = [*charsets(), *bodies(rnd), *attachments(rnd), *meetings(rnd), *kinds(), *headers(), *broken(rnd), *more()]
    random.setstate(before)
    return mails
