# SPDX-License-Identifier: Apache-2.0
"""A mail of the corpus, and what its makers share."""
from email.message import EmailMessage
from email.policy import SMTP
from typing import NamedTuple


class Mail(NamedTuple):
    name: str
    raw: bytes
    want: dict


DATE = "Mon, 20 Nov 2023 10:00:00 +0000"


def crlf(data):
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def head(subject, kind="text/plain; charset=utf-8", more=b""):
    return (b"From: Absender <a@example.org>\r\nTo: b@example.org\r\nDate: " + DATE.encode() + b"\r\nSubject: "
            + subject + b"\r\nMIME-Version: 1.0\r\nContent-Type: " + kind.encode() + b"\r\n" + more)


def message(subject, text="Text", html=None):
    m = EmailMessage(policy=SMTP)
    m["From"], m["To"], m["Subject"], m["Date"] = "Absender <a@example.org>", "b@example.org", subject, DATE
    m.set_content(text)
    if html:
        m.add_alternative(html, subtype="html")
    return m
