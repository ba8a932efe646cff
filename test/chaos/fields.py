# SPDX-License-Identifier: Apache-2.0
"""What an item of each class carries in the chaos run: how a phone writes and reads a field, how OX calls it.

All values are text. The mark (first row of a class) names the item and never changes; every other field may be edited by
anybody at any time. value(n) gives the n-th value of a field: unique where the type allows it.
"""
import datetime

from easlib.items import UTC, compact, punctuated, zone
from easlib.wbxml import AirSync, AirSyncBase, Calendar, Contacts, Email, Tasks

DAY = 86400000
BASE = datetime.datetime(2031, 5, 6, tzinfo=UTC)
NOW = datetime.datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
AGES = (None, None, None, 20, None, 45, None, 100, None, 250)   # days before today; None: an event of the future, a mail of now
# FilterType -> days; no age is near one of these edges.
WINDOWS = {"mail": {"0": None, "2": 3, "3": 7, "4": 14, "5": 31}, "calendar": {"0": None, "4": 14, "5": 31, "6": 92, "7": 183},
           "tasks": {"0": None, "8": None}}


class Field:
    """One row: name, OX key and column, reading and writing on both sides, and the n-th value."""

    def __init__(self, name, key, column, read, write, value, to_ox=None, from_ox=None, since=2.5, clear=False, aged=None):
        """aged(value, days): the value as it is when the item lies so many days in the past."""
        self.name, self.key, self.column, self.read, self.write, self.aged = name, key, column, read, write, aged
        self.value, self.since, self.clear = value, since, clear
        self.to_ox = to_ox or (lambda v: v)
        self.from_ox = from_ox or (lambda raw: None if raw in (None, "") else str(raw))


def text(page, tag, name, key, column, value=None, clear=True):
    make = getattr(page, tag)
    return Field(name, key, column, lambda d: d.val(tag) or None, lambda v, x: make(x) if x else None,
                 value or (lambda n: f"{name} {n}"), clear=clear)


def body_read(data):
    b = data.get("AirSyncBase:Body")
    if b is None:
        b = next((e for e in data if e.tag == "Body"), None)
        return ABSENT if b is None else b.text.rstrip() or None
    return b.val("Data", "").rstrip() or None


ABSENT = object()  # a body that an answer leaves out is unchanged


def body(page, column):
    def write(v, x):
        if v < 12:
            return page.Body(x or "")
        return AirSyncBase.Body(AirSyncBase.Type("1"), AirSyncBase.Data(x or ""))
    return Field("note", "note", column, body_read, write, lambda n: f"note {n}",
                 from_ox=lambda raw: None if raw is None else str(raw).rstrip() or None)


def clock(tag, name, key, column, hour):
    make = getattr(Calendar, tag)

    def value(n):
        return compact(BASE + datetime.timedelta(hours=hour, minutes=n % 600))

    def to_ox(v):
        return int(datetime.datetime.strptime(v, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() * 1000)

    def from_ox(raw):
        return compact(datetime.datetime.fromtimestamp(int(raw) / 1000, UTC))
    def aged(v, days):
        at = datetime.datetime.strptime(v, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return compact(at - BASE + NOW - datetime.timedelta(days=days))
    return Field(name, key, column, lambda d: d.val(tag), lambda v, x: make(x), value, to_ox, from_ox, aged=aged)


def choice(make, tag, name, key, column, pairs, since=2.5):
    """pairs: EAS value -> OX value."""
    back = {o: e for e, o in pairs.items()}
    rows = list(pairs)
    return Field(name, key, column, lambda d: d.val(tag), lambda v, x: make(x), lambda n: rows[n % len(rows)],
                 lambda v: pairs[v], lambda raw: back.get(int(raw or 0)), since)


def place_read(d):
    return d.val("AirSyncBase:Location/DisplayName") or d.val("Calendar:Location") or None


def place_write(v, x):
    if v >= 16:
        return AirSyncBase.Location(AirSyncBase.DisplayName(x)) if x else AirSyncBase.Location()
    return Calendar.Location(x) if x else None


def due_write(v, x):
    return [Tasks.UtcDueDate(x), Tasks.DueDate(x)] if x else None


def done_write(v, x):
    return [Tasks.Complete(x or "0"), Tasks.DateCompleted(punctuated(BASE)) if x == "1" else None]


def due(n):
    return punctuated(BASE + datetime.timedelta(days=n % 300))


def due_ox(v):
    return int(datetime.datetime.strptime(v, "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC).timestamp() * 1000)


def due_back(raw):
    return None if raw in (None, "", 0) else punctuated(datetime.datetime.fromtimestamp(int(raw) // DAY * DAY / 1000, UTC))


def number(make, tag, name, key, column, top):
    # From 16.0 on what a change leaves out of an event stays.
    return Field(name, key, column, lambda d: d.val(tag) or None, lambda v, x: make(x or "") if x or v >= 16 else None,
                 lambda n: str(n % top + 1), int, lambda raw: None if raw in (None, "", -1) else str(raw), clear=True)


FIELDS = {
    "contacts": [
        text(Contacts, "LastName", "mark", "last_name", 502),
        text(Contacts, "FirstName", "first", "first_name", 501),
        text(Contacts, "CompanyName", "company", "company", 569),
        text(Contacts, "MobilePhoneNumber", "mobile", "cellular_telephone1", 551, lambda n: f"+49 170 {n}"),
        text(Contacts, "JobTitle", "job", "position", 520),
        text(Contacts, "HomeAddressCity", "city", "city_home", 508),
        body(Contacts, 518)],
    "calendar": [
        text(Calendar, "Subject", "mark", "title", 200),
        Field("where", "location", 400, place_read, place_write, lambda n: f"where {n}"),
        clock("StartTime", "start", "start_date", 201, 0),
        clock("EndTime", "end", "end_date", 202, 12),
        choice(Calendar.BusyStatus, "BusyStatus", "busy", "shown_as", 402, {"0": 4, "1": 2, "2": 1, "3": 3}),
        number(Calendar.Reminder, "Reminder", "reminder", "alarm", 204, 600),
        body(Calendar, 203)],
    "tasks": [
        text(Tasks, "Subject", "mark", "title", 200),
        choice(Tasks.Importance, "Importance", "importance", "priority", 309, {"0": 1, "1": 2, "2": 3}),
        Field("due", "end_time", 317, lambda d: d.val("UtcDueDate"), due_write, due, due_ox, due_back, clear=True),
        choice(Tasks.Sensitivity, "Sensitivity", "private", "private_flag", 101, {"0": False, "2": True}),
        Field("done", "status", 300, lambda d: d.val("Complete"), done_write, lambda n: "01"[n % 3 == 0],
              lambda v: 3 if v == "1" else 1, lambda raw: "1" if raw == 3 else "0"),
        body(Tasks, 203)],
    "mail": [
        Field("mark", None, 607, lambda d: d.val("Subject"), None, None),
        Field("read", 32, 611, lambda d: d.val("Read") or "0", lambda v, x: Email.Read(x), lambda n: str(n % 2)),
        Field("flag", 8, 611, lambda d: d.val("Flag/Status") or "0",
              lambda v, x: Email.Flag(Email.Status("2"), Email.FlagType("for Follow Up")) if x == "2" else Email.Flag(),
              lambda n: "02"[n % 2], since=12.0)],
}
PLACES = {"contacts": "contacts", "contacts2": "contacts", "calendar": "calendar", "tasks": "tasks"}
CLASS = {"contacts": "Contacts", "calendar": "Calendar", "tasks": "Tasks", "mail": "Email"}
BY_NAME = {m: {f.name: f for f in rows} for m, rows in FIELDS.items()}
EDITABLE = {m: [f for f in rows if f.name != "mark"] for m, rows in FIELDS.items()}


def module_of(place):
    """What a place holds; Fk..., Fm... are folders that come and go."""
    return "contacts" if place.startswith("Fk") else PLACES.get(place, "mail")


def age(module, mark):
    """How many days an item lies in the past, for ever; None: it does not."""
    if module not in ("calendar", "mail") or "-" not in mark:
        return None
    return AGES[int(mark.rsplit("-", 1)[1]) % len(AGES)]


def value(module, name, mark, n):
    """The n-th value of a field of that item."""
    f = BY_NAME[module][name]
    v, days = f.value(n), age(module, mark)
    return f.aged(v, days) if f.aged and days else v


def inside(module, window, values):
    """Is the item inside that FilterType?"""
    if module == "tasks":
        return window != "8" or values["done"] != "1"
    days, old = WINDOWS.get(module, {}).get(window), age(module, values["mark"])
    return days is None or old is None or old < days


def carried(module, version):
    """The fields a phone of this version can hold."""
    return [f for f in FIELDS[module] if version >= f.since]


def item_data(module, version, values):
    """ApplicationData of a whole item, as a phone sends it in Add and Change."""
    rows = [f.write(version, values.get(f.name)) for f in carried(module, version) if f.name != "note"]
    tail = BY_NAME[module]["note"].write(version, values.get("note"))
    if module == "contacts":
        rows.append(Contacts.FileAs(values["mark"]))
    if module == "calendar":
        rows[:0] = [Calendar.Timezone(zone()), Calendar.AllDayEvent("0")]
        rows += [Calendar.DtStamp(compact(BASE)) if version < 16 else None, Calendar.Sensitivity("0"),
                 Calendar.MeetingStatus("0")]
    if module == "tasks":
        rows += [Tasks.ReminderSet("0")]
    return AirSync.ApplicationData(*rows, tail)


def flags_data(version, values):
    """ApplicationData of a mail's change: only what the user touched."""
    rows = BY_NAME["mail"]
    return AirSync.ApplicationData(*[rows[k].write(version, v) for k, v in sorted(values.items(), reverse=True)])


def read_item(module, version, data, old=None):
    """ApplicationData of an answer -> values; old: what the phone has (a mail's change is partial, a body may stay)."""
    got = dict(old) if old and module == "mail" else {}
    for f in carried(module, version):
        if module == "mail" and old and not any(e.tag.lower() == f.name for e in data):
            continue
        v = f.read(data)
        if v is ABSENT:
            v = old.get(f.name) if old else None
        got[f.name] = v
    return got
