# SPDX-License-Identifier: Apache-2.0
"""More mails of the corpus: what mail programs send and what tears parsers apart. Rows as in corpus.py."""
import base64
import struct
import zlib

from .corpus_row import Mail, crlf, head, message


def texts():
    """Plain text in all its forms."""
    flowed = "Ein langer Absatz, der \r\nüber drei \r\nZeilen geht.\r\n\r\n> zitiert und \r\n> weiter\r\n-- \r\nGruß\r\n"
    rows = {
        "flowed": ("text/plain; charset=utf-8; format=flowed", flowed, "zitiert und"),
        "flowed delsp": ("text/plain; charset=utf-8; format=flowed; delsp=yes", "Donau \r\ndampf \r\nschiff\r\n", "Donau"),
        "rtl": ("text/plain; charset=utf-8", "שלום 123 \u202bעברית\u202c مرحبا بالعالم\r\n", "שלום 123"),
        "emoji": ("text/plain; charset=utf-8", "👨\u200d👩\u200d👧\u200d👦 🇩🇪 1️⃣ 🏳️\u200d🌈 e\u0301\r\n", "👨\u200d👩\u200d👧\u200d👦 🇩🇪"),
        "plane 16": ("text/plain; charset=utf-8", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 \U0010fffd\r\n", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢"),
        "one huge line": ("text/plain; charset=utf-8", "ä" * 200000 + " Ende\r\n", None),
        "many lines": ("text/plain; charset=utf-8", "".join(f"Zeile {i}\r\n" for i in range(20000)), None),
        "blank lines": ("text/plain; charset=utf-8", "\r\n" * 500 + "Schluss\r\n", "Schluss"),
        "tabs": ("text/plain; charset=utf-8", "a\tb\t\tc\r\n\tEinzug\r\n", "a b c Einzug"),
        "from lines": ("text/plain; charset=utf-8", "From hier\r\n>From da\r\n.\r\n..\r\n", "From hier >From da . .."),
        "html as text": ("text/plain; charset=utf-8", "<b>nicht fett</b> &amp; <br>\r\n", "<b>nicht fett</b> &amp; <br>"),
        "pgp inline": ("text/plain; charset=utf-8", "-----BEGIN PGP MESSAGE-----\r\n\r\nhQEMA==\r\n=abcd\r\n-----END PGP "
                       "MESSAGE-----\r\n", "hQEMA=="),
        "uuencoded": ("text/plain; charset=us-ascii", "begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", "begin 644 a.txt"),
        "utf-7": ("text/plain; charset=utf-7", "Gr+APw-n\r\n", None),
        "utf-8 with bom": ("text/plain; charset=utf-8", "\ufeffMit Marke\r\n", "Mit Marke"),
        "charset in capitals": ("TEXT/PLAIN; CHARSET=\"UTF-8\"", "Größe\r\n", "Größe"),
        "charset with blanks": ("text/plain ; charset = utf-8", "Größe\r\n", None),
        "charset twice": ("text/plain; charset=utf-8; charset=iso-8859-1", "Größe\r\n", None),
        "no-break": ("text/plain; charset=utf-8", "a\u00a0b\u2028c\u0085d\r\n", None),
        "enriched": ("text/enriched", "<bold>fett</bold>\r\n", None),
        "markdown": ("text/markdown; charset=utf-8", "# Titel\r\n", None),
    }
    for name, (kind, text, part) in rows.items():
        yield Mail(f"text: {name}", head(f"T {name}".encode(), kind, b"Content-Transfer-Encoding: 8bit\r\n") + b"\r\n"
                   + text.encode(), {"part": part} if part else {})
    for i, pair in enumerate(((b"Gr\xf6\xdfe", "windows-1252"), (b"\x82\xb1\x82\xf1\x82\xc9", "shift_jis"),
                              (b"\x80uro", "iso-8859-1"), (b"\x80uro", "us-ascii"), (b"\xd4\xc5\xd3\xd4", "koi8-r"),
                              (b"Gr\xc3\xb6\xc3\x9fe", "iso-8859-1"), (b"x\x81y", "windows-1252"), (b"\xa4\xa2", "big5"),
                              (b"\xff\xfeA\x00b\x00", "utf-16"), (b"\x1b$B$\"\x1b(B", "iso-2022-jp"), (b"\xe4", "x-unknown"),
                              (b"\xe4", "8bit"), (b"\xe4", "ansi_x3.4-1968"), (b"\xb5", "iso-8859-8-i"),
                              (b"\xc4\xe3\xba\xc3\xff", "gb2312"))):
        yield Mail(f"text: bytes {i} as {pair[1]}", head(b"Roh %d" % i, f"text/plain; charset={pair[1]}",
                   b"Content-Transfer-Encoding: 8bit\r\n") + b"\r\nAnfang " + pair[0] + b" Ende\r\n", {})


def htmls():
    """HTML as it is found in the world."""
    rows = {
        "script": "<p>vor<script>alert('boese')</script>nach</p>",
        "style": "<style>p { color: red } /* </p> */</style><p>sichtbar</p>",
        "conditional": "<!--[if mso]><p>nur Outlook</p><![endif]--><p>alle</p>",
        "table": "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        "list": "<ul><li>eins<li>zwei</ul><ol><li>drei</ol>",
        "link": "<a href=\"https://example.org/?a=1&amp;b=2\">hier</a>",
        "pre": "<pre>eins\n  zwei\n</pre>",
        "entities": "&auml;&ouml;&#252;&#xdf; &euro; &lt;b&gt; &nbsp;|&copy; &hearts; &#128512;",
        "no tags": "gar keine Tags &amp; Schluss",
        "capitals": "<HTML><BODY><P>GROSS<BR>ZEILE</P></BODY></HTML>",
        "attributes broken": "<p class='a\"b' style=x:y>eins</p><img alt=\"Bild > Text\" src=x>zwei",
        "base64 image": "<img src=\"data:image/png;base64,AAAA\">Bild",
        "meta charset": "<meta charset=iso-8859-1><p>Größe</p>",
        "xhtml": "<?xml version=\"1.0\"?><!DOCTYPE html><html xmlns=\"http://www.w3.org/1999/xhtml\"><body>x</body></html>",
        "cdata": "<![CDATA[ roh ]]><p>nach</p>",
        "quote": "<blockquote>zitiert<blockquote>tiefer</blockquote></blockquote>Antwort",
        "rtl": "<div dir=rtl>שלום עולם</div>", "empty": "<html><body></body></html>",
        "only image": "<img src=\"cid:fehlt@x\">", "zero width": "a\u200bb\u00adc", "lt alone": "1 < 2 > 0 & 3",
        "deep": "<div>" * 500 + "unten" + "</div>" * 500, "title": "<head><title>Titel</title></head><body>Text</body>",
        "hr": "oben<hr>unten", "form": "<form><input value=\"w\"><textarea>ta</textarea><select><option>o</select></form>",
    }
    for name, html in rows.items():
        yield Mail(f"html: {name}", head(f"H {name}".encode(), "text/html; charset=utf-8") + b"\r\n" + html.encode() + b"\r\n", {})
    m = message("Nur HTML, zwei Teile", "weg")
    m.set_content("<p>erster</p>", subtype="html")
    m.make_mixed()
    m.add_attachment("<p>zweiter</p>", subtype="html", filename="zweiter.html")
    yield Mail("html: attached html", m.as_bytes(), {"names": ["zweiter.html"]})


def tnef():
    """winmail.dat: a key, then attributes, each with its checksum."""
    def attribute(level, tag, data):
        return struct.pack("<BII", level, tag, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    body = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x10000)) + attribute(
        1, 0x00018004, b"TNEF-Betreff\0") + attribute(1, 0x0002800C, b"Text im TNEF\0")
    for name, data in (("whole", body), ("cut", body[:-7]), ("rubbish", zlib.compress(body))):
        m = message(f"TNEF {name}", "siehe winmail.dat")
        m.add_attachment(data, "application", "ms-tnef", filename="winmail.dat")
        yield Mail(f"tnef: {name}", m.as_bytes(), {"text": "siehe winmail.dat", "names": ["winmail.dat"]})
    yield Mail("tnef: alone", head(b"TNEF allein", "application/ms-tnef; name=winmail.dat",
               b"Content-Transfer-Encoding: base64\r\n") + b"\r\n" + base64.encodebytes(body), {})


def sealed():
    """Signed and encrypted in the forms that are about; no signature is a real one, nobody checks it here."""
    inner = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nUnterschrieben – ä  \r\n"
    signed = ('multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="s"',
              f"--s\r\n{inner}--s\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: "
              "base64\r\n\r\nMIIB\r\n--s--\r\n")
    rows = {
        "signed": (*signed, "IPM.Note.SMIME.MultipartSigned"),
        "signed opaque": ("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "MIIB\r\n", "IPM.Note.SMIME"),
        "signed x-type": ("application/x-pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "MIIB\r\n", "IPM.Note.SMIME"),
        "pgp encrypted": ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary="e"',
                          "--e\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--e\r\nContent-Type: "
                          "application/octet-stream; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nhQ==\r\n"
                          "-----END PGP MESSAGE-----\r\n--e--\r\n", None),
        "signed in mixed": ('multipart/mixed; boundary="m"', f"--m\r\nContent-Type: {signed[0]}\r\n\r\n{signed[1]}--m\r\n"
                            "Content-Type: text/plain\r\n\r\nFusszeile einer Liste\r\n--m--\r\n", None),
        "key attached": ('multipart/mixed; boundary="m"', "--m\r\nContent-Type: text/plain\r\n\r\nMein Schluessel\r\n--m\r\n"
                         "Content-Type: application/pgp-keys; name=key.asc\r\nContent-Disposition: attachment; "
                         "filename=key.asc\r\n\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n--m--\r\n", "IPM.Note"),
    }
    for name, (kind, body, cls) in rows.items():
        cte = b"Content-Transfer-Encoding: base64\r\n" if body == "MIIB\r\n" else b""
        yield Mail(f"sealed: {name}", head(f"S {name}".encode(), kind, cte) + b"\r\n" + body.encode(), {"cls": cls} if cls else {})


def parameters():
    """RFC 2231 and 2047 used, and misused, for the names of attachments and people."""
    names = {
        "continued": (b"filename*0=lan; filename*1=ger; filename*2=.txt", "langer.txt"),
        "continued encoded": (b"filename*0*=utf-8''L%C3%A4n; filename*1*=ger.txt", "Länger.txt"),
        "latin": (b"filename*=iso-8859-1'de'%DCbersicht.pdf", "Übersicht.pdf"),
        "word": (b"filename=\"=?utf-8?B?w5xiZXJzaWNodC5wZGY=?=\"", "Übersicht.pdf"),
        "word unquoted": (b"filename==?utf-8?Q?=C3=9Cbersicht.pdf?=", None),
        "both": (b"filename=ersatz.txt; filename*=utf-8''r%C3%A9el.txt", None),
        "missing piece": (b"filename*0=a; filename*2=c", None), "out of order": (b"filename*1=b.txt; filename*0=a", None),
        "bad percent": (b"filename*=utf-8''%C3%2", None), "unknown charset": (b"filename*=klingon''%C3", None),
        "empty": (b"filename=\"\"", None), "blanks": (b"filename=\"  a b  .txt \"", None),
        "raw utf-8": ("filename=\"Größe.txt\"".encode(), None), "raw latin": (b"filename=\"Gr\xf6\xdfe.txt\"", None),
        "control": (b"filename=\"a\x01b\x7f.txt\"", None), "new line": (b"filename=\"a\r\n b.txt\"", None),
        "rtl trick": ("filename=\"rechnung\u202efdp.exe\"".encode(), None), "very long": (b"filename=" + b"n" * 3000, None),
    }
    for name, (disposition, want) in names.items():
        raw = (head(f"P {name}".encode(), "multipart/mixed; boundary=p") + b"\r\n--p\r\nContent-Type: text/plain\r\n\r\nText\r\n"
               b"--p\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; " + disposition
               + b"\r\n\r\nInhalt\r\n--p--\r\n")
        yield Mail(f"name: {name}", raw, {"names": [want]} if want else {})
    people = {
        "quoted": b"\"Nach, Vor\" <a@example.org>", "comment": b"a@example.org (Vor Nach)", "word": b"=?utf-8?Q?J=C3=B6rg?= <a@example.org>",
        "word in quotes": b"\"=?utf-8?Q?J=C3=B6rg?=\" <a@example.org>", "raw": "Jörg <a@example.org>".encode(),
        "raw latin": b"J\xf6rg <a@example.org>", "idn": "post@bücher.example".encode(), "no address": b"Niemand",
        "two": b"a@example.org, b@example.org", "empty": b"", "route": b"<@a.example,@b.example:c@example.org>",
        "quotes never closed": b"\"Vor <a@example.org>", "semicolon": b"a@example.org; b@example.org",
        "local quoted": b"\"a b\"@example.org", "encoded comma": b"=?utf-8?Q?a=2C_b?= <a@example.org>",
        "huge name": b"N" * 5000 + b" <a@example.org>", "long word": b"=?utf-8?Q?" + b"=C3=A4" * 500 + b"?= <a@example.org>",
    }
    for name, value in people.items():
        yield Mail(f"from: {name}", b"From: " + value + b"\r\nTo: b@example.org\r\nDate: Mon, 20 Nov 2023 10:00:00 +0000\r\n"
                   b"Subject: F\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nText\r\n", {"text": "Text"})


def structures():
    """Parts in unusual orders."""
    text, html = "Content-Type: text/plain\r\n\r\nReiner Text\r\n", "Content-Type: text/html\r\n\r\n<p>Reich</p>\r\n"
    png = ("Content-Type: image/png; name=b.png\r\nContent-ID: <b@x>\r\nContent-Disposition: inline; filename=b.png\r\n"
           "Content-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n")

    def multi(kind, *parts, mark="p"):
        return (f"Content-Type: multipart/{kind}; boundary={mark}\r\n\r\n" + "".join(f"--{mark}\r\n{p}" for p in parts)
                + f"--{mark}--\r\n")
    rows = {
        "html first": multi("alternative", html, text), "alternative of one": multi("alternative", text),
        "related with text": multi("related", text, png), "alternative in related": multi(
            "related", multi("alternative", text, html, mark="q"), png),
        "related in alternative": multi("alternative", text, multi("related", html, png, mark="q")),
        "mixed in mixed": multi("mixed", multi("mixed", text, png, mark="q"), text),
        "two texts": multi("mixed", text, "Content-Type: text/plain\r\n\r\nZweiter Text\r\n"),
        "text between pictures": multi("mixed", png, text, png), "digest": multi(
            "digest", "\r\nSubject: eins\r\n\r\n1\r\n", "\r\nSubject: zwei\r\n\r\n2\r\n"),
        "parallel": multi("parallel", text, png), "unknown multipart": multi("sonstwas", text, html),
        "empty parts": multi("mixed", "\r\n", "Content-Type: text/plain\r\n\r\n", text),
        "preamble": "Content-Type: multipart/mixed; boundary=p\r\n\r\nVorrede\r\n--p\r\n" + text + "--p--\r\nNachrede\r\n",
        "boundary with blanks": "Content-Type: multipart/mixed; boundary=\"a b\"\r\n\r\n--a b\r\n" + text + "--a b--\r\n",
        "boundary of 70": f"Content-Type: multipart/mixed; boundary={'x' * 70}\r\n\r\n--{'x' * 70}\r\n{text}--{'x' * 70}--\r\n",
        "boundary is prefix": multi("mixed", multi("mixed", text, mark="pp"), png), "picture alone": png,
        "picture by cid": multi("related", "Content-Type: text/html\r\n\r\n<img src=\"cid:b@x\">\r\n", png),
        "picture by location": multi("related", "Content-Type: text/html\r\n\r\n<img src=\"b.png\">\r\n",
                                     "Content-Type: image/png\r\nContent-Location: b.png\r\n\r\nPNG\r\n"),
        "text attached": multi("mixed", text, "Content-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt"
                               "\r\n\r\nAngehaengt\r\n"),
        "partial": "Content-Type: message/partial; number=1; total=2; id=x\r\n\r\nTeil\r\n",
        "external body": "Content-Type: message/external-body; access-type=URL; URL=http://x/\r\n\r\nContent-Type: text/plain\r\n\r\n",
        "rfc822 base64": multi("mixed", text, "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                               + base64.b64encode(b"Subject: innen\r\n\r\nx\r\n").decode() + "\r\n"),
        "vcard": multi("mixed", text, "Content-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nEND:VCARD\r\n"),
        "audio only": "Content-Type: audio/wav; name=v.wav\r\nContent-Transfer-Encoding: base64\r\n\r\nUklGRg==\r\n",
        "calendar and nothing": "Content-Type: text/calendar; method=PUBLISH\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        "mime version 2": "MIME-Version: 2.0\r\n" + multi("mixed", text), "encoding of multipart": (
            "Content-Transfer-Encoding: base64\r\n" + multi("mixed", text)),
    }
    for name, body in rows.items():
        yield Mail(f"parts: {name}", b"From: A <a@example.org>\r\nTo: b@example.org\r\nDate: Mon, 20 Nov 2023 10:00:00 +0000\r\n"
                   b"Subject: M\r\nMIME-Version: 1.0\r\n" + crlf(body.encode()), {})


def more():
    return [*texts(), *htmls(), *tnef(), *sealed(), *parameters(), *structures()]
