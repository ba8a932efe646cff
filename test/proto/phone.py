#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The demo phone: plays a whole life against a running server and says in words what it saw.

    phone.py https://localhost:8443 http://localhost:8009 anton:secret berta:secret [14.1]

First the server with the module, then OX itself: each thing the phone did is looked up there. The exit code is 0 only
when everything held.
"""
import contextlib
import datetime
import sys
import threading
import time
import traceback
import uuid
from urllib.parse import urlsplit

from easlib.client import Device, Server
from easlib.items import contact, event, millis, mime, task
from easlib.ox import OxUser
from easlib.replica import Replica
from easlib.wbxml import Email


class Show:
    """Prints a line per thing that held or not."""

    def __init__(self):
        self.held = True

    def head(self, text):
        print(f"\n{text}")

    def check(self, what, ok, more=""):
        self.held = self.held and bool(ok)
        print(f"  {'✓' if ok else '✗'} {what}{'' if ok or not more else ': ' + str(more)}", flush=True)

    @contextlib.contextmanager
    def part(self, text):
        """A part that breaks is one failed line; the next part is tried all the same."""
        self.head(text)
        try:
            yield
        except Exception as e:  # a demo reports, whatever it was
            self.check(f"{type(e).__name__}", False, str(e)[:1500])
            traceback.print_exc(limit=-2)


class Demo:
    """One phone, its owner in OX, and a colleague who writes mails."""

    def __init__(self, server, owner, colleague, version):
        self.show, self.owner, self.colleague = Show(), owner, colleague
        self.r = Replica(Device(server, owner.name, owner.password, version, "DEMO" + uuid.uuid4().hex[:12].upper(),
                                "DemoPhone", "DemoPhone/1.0"))
        self.version, self.tag = version, uuid.uuid4().hex[:6]
        self.mine, self.theirs = self._address(owner), self._address(colleague)

    @staticmethod
    def _address(user):
        return user.call("GET", "config/mail/sendaddress", "")

    def prove(self, what, ok, more=""):
        self.show.check(what, ok, more)

    def play(self):
        for part in (self.hello, self.folders, self.receive, self.send_back, self.mail_out, self.push, self.lost):
            with self.show.part(part.__doc__):
                part()
        with self.show.part("At the end"):
            self.prove("the phone met nothing a real one stumbles over", not self.r.faults, self.r.faults)
        self.r.device.close()
        return self.show.held

    def hello(self):
        """Getting to know each other"""
        d = self.r.device
        a = d.options()
        self.prove(f"the server speaks {a.header('MS-ASProtocolVersions')}",
                   a.status == 200 and self.version in a.header("MS-ASProtocolVersions", "").split(","), a)
        d.provision()
        self.prove("policy fetched and acknowledged", d.policy_key != "0")
        if d.v >= 12:
            self.prove("device described itself", d.settings_device().code == "1")

    def folders(self):
        """Folders"""
        self.r.foldersync()
        for kind, name in ((2, "Inbox"), (3, "Drafts"), (4, "Deleted Items"), (5, "Sent Items"), (7, "Tasks"),
                           (8, "Calendar"), (9, "Contacts")):
            titles = [f["DisplayName"] for f in self.r.folders.values() if f["Type"] == str(kind)]
            self.prove(f"{name}: “{', '.join(titles)}”", len(titles) == 1)

    def receive(self):
        """What is in OX comes to the phone"""
        tag, start = self.tag, next_week()
        self.owner.new("contacts", first_name="Ada", last_name=f"Lovelace {tag}", display_name=f"Lovelace {tag}, Ada",
                       email1="ada@example.org")
        self.owner.new("calendar", title=f"Besuch {tag}", start_date=millis(start), end_date=millis(start) + 3600000,
                       timezone="Europe/Berlin", location="Büro")
        self.owner.new("tasks", title=f"Aufgabe {tag}", status=1, percent_completed=0, priority=3)
        self.owner.deliver(mime(f"Berta <{self.theirs}>", self.mine, f"Begruessung {tag}", "Grüße aus OX"))
        for kind, what, path, want, module in (
                (9, "contacts", "Contacts:LastName", f"Lovelace {tag}", "contacts"),
                (8, "events", "Calendar:Subject", f"Besuch {tag}", "calendar"),
                (7, "tasks", "Tasks:Subject", f"Aufgabe {tag}", "tasks"),
                (2, "mails", "Email:Subject", f"Begruessung {tag}", None)):
            cid = self.r.folder(kind)
            self.r.sync(cid)
            n = len(self.r.collections[cid].items)
            there = len(self.owner.syncable(module) if module else self.owner.mails())
            self.prove(f"{n} {what}, among them “{want}”; OX has {there} that it can hold",
                       len(self.r.find(cid, path, want)) == 1 and n == there)

    def send_back(self):
        """What is made on the phone comes to OX"""
        tag, r, v, start = self.tag, self.r, self.version, next_week() + datetime.timedelta(days=1)
        jobs = (
            (9, "contacts", "last_name", "contact", f"Hopper {tag}", f"Hopper-Murray {tag}",
             lambda n: contact(v, "Grace", n, Email1Address="grace@example.org")),
            (8, "calendar", "title", "event", f"Telefontermin {tag}", f"Termin verlegt {tag}",
             lambda n: event(v, n, start, start + datetime.timedelta(hours=1), uid=f"demo-{tag}")),
            (7, "tasks", "title", "task", f"Vom Telefon {tag}", f"Umbenannt {tag}", lambda n: task(v, n)))
        for kind, module, field, what, name, other, make in jobs:
            cid = r.folder(kind)
            sid = r.add(cid, make(name))
            self.prove(f"new {what} “{name}” is in OX", len(self.owner.find(module, field, name)) == 1)
            r.change(cid, sid, make(other))
            self.prove(f"changed to “{other}”",
                       len(self.owner.find(module, field, other)) == 1 and not self.owner.find(module, field, name))
            r.delete(cid, sid)
            self.prove("deleted again", not self.owner.find(module, field, other))
        inbox = r.folder(2)
        (sid,) = r.find(inbox, "Email:Subject", f"Begruessung {tag}")
        r.change(inbox, sid, [Email.Read("1")])
        (m,) = self.owner.mail_named(f"Begruessung {tag}")
        self.prove("mail marked as read", m["flags"] & 32)

    def mail_out(self):
        """Mail from the phone"""
        subject = f"Vom Telefon {self.tag}"
        a = self.r.device.sendmail(mime(self.mine, self.theirs, subject, "Viele Grüße vom Telefon, äöüß"), True)
        self.prove("sent: empty answer", a.status == 200 and a.body == b"", a)
        got = self.colleague.mail_named(subject)
        self.prove("arrived once, umlauts whole",
                   len(got) == 1
                   and self.colleague.source(got[0]["id"]).get_content().strip() == "Viele Grüße vom Telefon, äöüß")
        self.prove("kept in Sent", len(self.owner.mail_named(subject, "default0/Sent")) == 1)

    def push(self):
        """Push"""
        inbox = self.r.folder(2)
        self.r.sync(inbox)
        subject = f"Dringend {self.tag}"
        sent = []

        def write():
            sent.append(time.monotonic())
            self.colleague.send(mime(self.theirs, self.mine, subject).decode())
        timer = threading.Timer(2.3, write)
        timer.start()
        a = self.r.device.ping([(inbox, "Email")], "120", timeout=150)
        got = time.monotonic()
        timer.join()
        when = f" {got - sent[0]:.2f} s after the mail" if sent else ""
        self.prove("Ping answered “changes in Inbox”" + when,
                   a.code == "2" and a.doc.val("Folders/Folder") == inbox and sent, a)
        self.r.sync(inbox)
        self.prove(f"“{subject}” is on the phone", len(self.r.find(inbox, "Email:Subject", subject)) == 1)

    def lost(self):
        """An answer gets lost"""
        cid, name = self.r.folder(9), f"Verloren {self.tag}"
        sid = self.r.add(cid, contact(self.version, "Einmal", name), lose=2)
        self.prove("the same request three times, one contact in OX",
                   len(self.owner.find("contacts", "last_name", name)) == 1)
        self.r.delete(cid, sid, lose=1)
        self.prove("deleted once", not self.owner.find("contacts", "last_name", name))


def next_week():
    """A full hour next week."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=7)).replace(minute=0, second=0, microsecond=0)


def play(server, ox_address, name, password, other, other_password, version="14.1"):
    """Everything; True when all held."""
    owner, colleague = OxUser(*ox_address, name, password).login(), OxUser(*ox_address, other, other_password).login()
    return Demo(server, owner, colleague, version).play()


def main(argv):
    if len(argv) not in (5, 6):
        print(__doc__, file=sys.stderr)
        return 2
    eas, ox = urlsplit(argv[1]), urlsplit(argv[2])
    server = Server(eas.hostname, eas.port or (443 if eas.scheme == "https" else 80), eas.scheme == "https")
    name, _, password = argv[3].partition(":")
    other, _, other_password = argv[4].partition(":")
    held = play(server, (ox.hostname, ox.port or 80), name, password, other, other_password, *argv[5:6])
    print("\nEverything held." if held else "\nSomething did not hold, see above.")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
