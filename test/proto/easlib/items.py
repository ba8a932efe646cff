# SPDX-License-Identifier: Apache-2.0
"""ApplicationData of each class as phones of the given version write it, and mail texts."""
import base64
import datetime
import struct

from .wbxml import AirSyncBase, Calendar, Contacts, Contacts2, Page, Tasks

UTC = datetime.timezone.utc


def when(text):
    """"2030-05-06 09:00" -> aware datetime in UTC."""
    return datetime.datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)


def compact(t):
    return t.strftime("%Y%m%dT%H%M%SZ")


def punctuated(t):
    return t.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def millis(t):
    return int(t.timestamp() * 1000)


def zone(bias=-60, standard=(0, 10, 0, 5, 3), daylight=(0, 3, 0, 5, 2), daylight_bias=-60):
    """Time zone blob (MS-ASDTYPE): default is central Europe. Tuples: year, month, weekday, week, hour."""
    def systemtime(t):
        return struct.pack("<8H", *t, 0, 0, 0) if t else bytes(16)
    blob = (struct.pack("<i", bias) + bytes(64) + systemtime(standard) + struct.pack("<i", 0) + bytes(64)
            + systemtime(daylight) + struct.pack("<i", daylight_bias if daylight else 0))
    assert len(blob) == 172
    return base64.b64encode(blob).decode()


def body(version, text, page):
    """A text body: AirSyncBase from 12.0, the class's own tag before."""
    if float(version) < 12:
        return Page(page).Body(text)
    return AirSyncBase.Body(AirSyncBase.Type("1"), AirSyncBase.Data(text))


def contact(version, first, last, note=None, **more):
    """more: tags of page Contacts (Contacts2 where the tag is only there)."""
    def tag(name, value):
        try:
            return getattr(Contacts, name)(value)
        except AttributeError:
            return getattr(Contacts2, name)(value)
    return [Contacts.FirstName(first), Contacts.LastName(last), Contacts.FileAs(f"{last}, {first}"),
            *[tag(k, v) for k, v in more.items()], body(version, note, "Contacts") if note else None]


def event(version, subject, start, end, uid=None, location=None, note=None, all_day=False, reminder=None, busy="2"):
    v = float(version)
    floating = all_day and v >= 16
    place = None
    if location:
        place = (AirSyncBase.Location(AirSyncBase.DisplayName(location)) if v >= 16 else Calendar.Location(location))
    return [
        None if floating else Calendar.Timezone(zone()), Calendar.AllDayEvent(all_day),
        Calendar.StartTime(compact(start)), Calendar.EndTime(compact(end)),
        Calendar.DtStamp(compact(start)) if v < 16 else None, Calendar.Subject(subject), place,
        Calendar.UID(uid) if uid and v < 16 else None, Calendar.BusyStatus(busy), Calendar.Sensitivity("0"),
        Calendar.Reminder(reminder) if reminder is not None else None, Calendar.MeetingStatus("0"),
        body(version, note, "Calendar") if note else None]


def task(version, subject, due=None, note=None, importance="1", complete=False, completed=None, reminder=None):
    return [
        Tasks.Subject(subject), Tasks.Importance(importance), Tasks.Complete(complete),
        Tasks.DateCompleted(punctuated(completed)) if completed else None,
        Tasks.UtcDueDate(punctuated(due)) if due else None, Tasks.DueDate(punctuated(due)) if due else None,
        Tasks.ReminderSet("1" if reminder else "0"), Tasks.ReminderTime(punctuated(reminder)) if reminder else None,
        Tasks.Sensitivity("0"), body(version, note, "Tasks") if note else None]


def mime(sender, to, subject, text="Hello", extra="", charset="utf-8"):
    """A message of one text part; umlauts in the body stay 8 bit."""
    head = (f"From: {sender}\r\n" + (f"To: {to}\r\n" if to else "") + f"Subject: {subject}\r\n{extra}"
            f"MIME-Version: 1.0\r\nContent-Type: text/plain; charset={charset}\r\n"
            "Content-Transfer-Encoding: 8bit\r\n\r\n")
    return head.encode("utf-8") + text.encode(charset) + b"\r\n"


def html_mime(sender, to, subject, text, html):
    """multipart/alternative of a text and an HTML part."""
    def part(kind, content):
        return (f"--b1\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                f"{content}\r\n")
    head = (f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/alternative; boundary=b1\r\n\r\n")
    return (head + part("plain", text) + part("html", html) + "--b1--\r\n").encode()
