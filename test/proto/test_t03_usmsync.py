# SPDX-License-Identifier: Apache-2.0
"""usmsync(1): the built program mirrors a user's folders into a directory and back."""
import glob
import json
import os
import subprocess

import pytest

from easlib.items import mime
from easlib.ox import OxUser
from easlib.site import BUILD, TOP, Stub

USMSYNC = os.path.join(BUILD, "libusm", "tools", "usmsync")
LIBRARY = {**os.environ, "LD_LIBRARY_PATH": os.path.join(BUILD, "libusm", ".libs")}
CLASSES = {"contacts": ("*.vcf", "last_name"), "calendar": ("*.ics", "title"), "tasks": ("*.ics", "title")}


class Mirror:
    """A directory and how it is synced."""

    def __init__(self, folder, ox_url, user, password, *options):
        self.folder, (self.top, secret) = folder, (os.path.join(folder, "mirror"), os.path.join(folder, "password"))
        os.makedirs(self.top, exist_ok=True)
        with open(secret, "w", encoding="utf-8") as f:
            f.write(password + "\n")
        self.argv = [USMSYNC, "--store", f"sqlite:{folder}/usm.db", "--ox", ox_url, "--user", user,
                     "--password-file", secret, *options, self.top]

    def run(self, code=0, loud=False):
        """(from the server, to the server) of one run, or what it complained of."""
        r = subprocess.run(self.argv, capture_output=True, text=True, timeout=120, check=False, env=LIBRARY)
        assert r.returncode == code and (loud or code or not r.stderr), (r.returncode, r.stdout, r.stderr)
        assert "Sanitizer" not in r.stderr and "runtime error" not in r.stderr, r.stderr
        if code:
            return r.stderr
        words = r.stdout.split()
        return int(words[0]), int(words[4])

    def files(self, pattern):
        return sorted(glob.glob(os.path.join(self.top, "*", pattern)))

    def one(self, pattern, text):
        """The file with that text in it."""
        (path,) = [p for p in self.files(pattern) if text in read(p)]
        return path


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return f.read()


def write(path, text):
    with open(path, "w", encoding="utf-8", newline="") as f:
        f.write(text)


def edit(path, old, new):
    text = read(path)
    assert old in text, (path, old, text)
    write(path, text.replace(old, new))


@pytest.fixture
def mirror(site, user, tmp_path):
    return Mirror(str(tmp_path), site.ox.url, user.name, user.password)


def fill(user):
    user.new("contacts", last_name="Müller", first_name="Ä;,\\", display_name="Müller", company="Firma",
             email1="a@example.org", email2="b@example.org", cellular_telephone1="+49 1",
             street_business="Weg 1\nHof", city_home="Ort", note="Zeile\nzwei", birthday=0, categories="x,y",
             url="http://example.org/" + "x" * 200)
    user.new("calendar", title="Termin; mit, Zeichen", start_date=1900000000000, end_date=1900003600000,
             location="Raum", note="N", alarm=15)
    user.new("calendar", title="Tag", start_date=1900022400000, end_date=1900108800000, full_time=True)
    user.new("tasks", title="Aufgabe", end_time=1900022400000, priority=3, note="tun")


def test_both_ways(mirror, user):
    """What OX has becomes files, edited files become edits in OX, and a run without edits moves nothing."""
    fill(user)
    mid = user.deliver(mime("b@example.org", user.address, "Post"))
    assert mirror.run() == (5, 0) and mirror.run() == (0, 0)
    card, task = mirror.one("*.vcf", "ller"), mirror.one("*.ics", "Aufgabe")
    date, day = mirror.one("*.ics", "Raum"), mirror.one("*.ics", "SUMMARY:Tag")
    (mail,) = mirror.files("*.eml")
    assert "Subject: Post" in read(mail) and "DTSTART;VALUE=DATE:20300318" in read(day), read(day)
    assert "N:Müller;Ä\\;\\,\\\\;" in read(card) and all(len(x.encode()) <= 76 for x in read(card).split("\r\n"))
    edit(card, "TEL;TYPE=CELL:+49 1", "TEL;TYPE=CELL:+49 2")
    edit(date, "LOCATION:Raum", "LOCATION:Saal")
    edit(task, "SUMMARY:Aufgabe", "SUMMARY:Erledigt")
    assert mirror.run() == (0, 3)
    (o,) = user.objects("contacts")
    assert (o["cellular_telephone1"], o["first_name"], o["note"], o["email2"], o["categories"], o["birthday"]) == \
        ("+49 2", "Ä;,\\", "Zeile\nzwei", "b@example.org", "x,y", 0), o
    assert o["street_business"] == "Weg 1\nHof" and o["url"].endswith("x" * 200)
    (o,) = user.find("calendar", "location", "Saal")
    assert (o["title"], o["start_date"], o["alarm"]) == ("Termin; mit, Zeichen", 1900000000000, 15)
    (o,) = user.objects("tasks")
    assert (o["title"], o["priority"], o["end_time"]) == ("Erledigt", 3, 1900022400000)
    assert mirror.run() == (0, 0)
    user.update("contacts", user.objects("contacts")[0]["id"], last_name="Meier")
    user.delete_mail(mid)
    os.unlink(day)
    assert mirror.run() == (2, 1)
    assert "N:Meier;" in read(card) and not mirror.files("*.eml") and not user.find("calendar", "title", "Tag")
    assert mirror.run() == (0, 0)


def test_files_of_others(mirror, user):
    """Files as other programs write them: folded lines, other parameters, a time zone."""
    mirror.run()
    contacts, calendar = (glob.glob(os.path.join(mirror.top, name))[0] for name in ("Contacts*", "Calendar*"))
    write(os.path.join(contacts, "new.vcf"), "begin:VCARD\nversion:3.0\nFN:A B\nN:B;A;;;\n"
          "EMAIL;TYPE=INTERNET:a@b.example\n"
          "tel;type=VOICE;type=CELL:123\nNOTE:lo\n ng\nBDAY:19700102\nX-OTHER:y\nEND:VCARD\n")
    write(os.path.join(calendar, "new.ics"), "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\n"
          "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\n"
          "END:STANDARD\r\nEND:VTIMEZONE\r\n"
          "BEGIN:VEVENT\r\nUID:u-1\r\nSUMMARY:Neu\r\nDTSTART;TZID=X:20310506T100000\r\nDTEND;TZID=X:20310506T110000\r\n"
          "END:VEVENT\r\nEND:VCALENDAR\r\n")
    write(os.path.join(contacts, "bad.vcf"), "rubbish")
    assert "bad.vcf" in mirror.run(code=1)
    (o,) = user.objects("contacts")
    assert (o["last_name"], o["email1"], o["cellular_telephone1"], o["note"], o["birthday"]) == \
        ("B", "a@b.example", "123", "long", 86400000), o
    (o,) = user.objects("calendar")
    assert (o["title"], o["start_date"]) == ("Neu", 1935820800000), o
    os.unlink(os.path.join(contacts, "bad.vcf"))
    assert mirror.run()[1] == 0
    assert len(user.objects("contacts")) == len(user.objects("calendar")) == 1


@pytest.mark.parametrize("winner", ["server", "client"])
def test_conflict(site, user, tmp_path, winner):
    """Both sides change one field: the loser's version is kept beside the winner's; other fields are merged."""
    options = ["--client-wins"] if winner == "client" else []
    mirror = Mirror(str(tmp_path), site.ox.url, user.name, user.password, *options)
    oid = user.new("contacts", last_name="A", first_name="F", display_name="A", company="C")
    mirror.run()
    card = mirror.one("*.vcf", "N:A;F")
    edit(card, "N:A;F", "N:Mine;F")
    edit(card, "ORG:C", "ORG:Merged")
    user.update("contacts", oid, last_name="Theirs", position="Chef")
    mirror.run(loud=True)
    mirror.run()
    want = "Theirs" if winner == "server" else "Mine"
    o = user.get("contacts", oid)
    assert (o["last_name"], o["company"], o["position"]) == (want, "Merged", "Chef"), o
    assert f"N:{want};F" in read(card) and "TITLE:Chef" in read(card)
    aside = mirror.files("*.conflict")
    assert len(aside) == (winner == "server") and all("N:Mine" in read(p) for p in aside)
    assert mirror.run() == (0, 0) and len(user.objects("contacts")) == 1


def test_state_is_lost(mirror, user):
    """The database or the state file is gone: everything comes again, nothing is doubled, edits are set aside."""
    fill(user)
    mirror.run()
    for name in glob.glob(os.path.join(mirror.folder, "usm.db*")):
        os.unlink(name)
    edit(mirror.one("*.vcf", "ller"), "TEL;TYPE=CELL:+49 1", "TEL;TYPE=CELL:+49 9")
    mirror.run(loud=True)
    assert [len(user.objects(m)) for m in CLASSES] == [1, 2, 1] and len(mirror.files("*.conflict")) == 1
    assert [len(mirror.files(p)) for p in ("*.vcf", "*.ics")] == [1, 3] and mirror.run() == (0, 0)


def test_seed_small_there_and_back(tmp_path):
    """Every item of the seed: into files, all files rewritten by a program that changes nothing, OX stays as it was."""
    with open(os.path.join(TOP, "test", "ox", "seeds", "small.json"), encoding="utf-8") as f:
        seed = json.load(f)
    ox = Stub(str(tmp_path), seed)
    try:
        who = seed["contexts"][0]["users"][0]
        user = OxUser("127.0.0.1", ox.port, who["login"], who.get("password", "secret"))
        ox.control("user", user=who["login"], caps={"active_sync": True, "usm": True})
        before = {m: user.objects(m) for m in CLASSES}
        mails = len(user.mails())
        mirror = Mirror(str(tmp_path), ox.url, who["login"], who.get("password", "secret"))
        got, sent = mirror.run()
        assert sent == 0 and got >= sum(len(user.syncable(m)) for m in CLASSES) and len(mirror.files("*.eml")) >= mails
        paths = mirror.files("*.vcf") + mirror.files("*.ics")
        for p in paths:
            write(p, read(p).replace("VERSION:", "X-TOUCHED:1\r\nVERSION:", 1))
        _, sent = mirror.run()
        assert sent == len(paths)
        volatile = {"last_modified", "last_modified_utc", "modified_by", "sequence"}

        def kept(objects):
            return [{k: v for k, v in o.items() if k not in volatile} for o in objects]
        for m in CLASSES:
            assert kept(user.objects(m)) == kept(before[m]), m
        assert mirror.run()[1] == 0
    finally:
        ox.stop()
