# SPDX-License-Identifier: Apache-2.0
"""A real Dovecot tells eas-notify of what changes, by its driver for Open-Xchange and by the Lua script of conf/; phones
that wait at a location which polls every ten minutes learn of it at once."""
import os
import threading
import time

import pytest

from easlib.dovecot import PASSWORD, PROGRAM, Dovecot
from easlib.items import mime
from easlib.site import TOP

SOON = 5  # seconds; Dovecot, the notification, a look and the answer take well below one
SCRIPT = os.path.join(TOP, "conf", "dovecot-eas.lua")


def started(site, folder, **push):
    if not PROGRAM:
        pytest.skip("dovecot is not installed (dovecot-imapd, dovecot-lmtpd)")
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    server = Dovecot(folder, ["nobody"], **push)
    yield server
    output = server.output()
    server.stop()
    assert not [line for line in output.splitlines() if "Error:" in line or "Panic:" in line or "eas:" in line], output


@pytest.fixture(scope="module")
def driver(site):
    """Dovecot with its driver for Open-Xchange."""
    url = f"http://dovecot:secret@127.0.0.1:{site.httpd.plain}/eas-notify"
    yield from started(site, os.path.join(site.folder, "dovecot-ox"), push=url)


@pytest.fixture(scope="module")
def script(site):
    """Dovecot with the Lua script."""
    yield from started(site, os.path.join(site.folder, "dovecot-lua"),
                       lua=(SCRIPT, f"http://127.0.0.1:{site.httpd.plain}/eas-notify", "dovecot:secret"))


class Box:
    """A mailbox at Dovecot for an OX user of the same name, and a phone that is up to date."""

    def __init__(self, server, site, user, phone):
        self.server, self.site, self.user = server, site, user
        server.add_user(user.name)
        site.ox.control("module/mail", op="imap", user=user.name, port=server.imap_port, login=user.name,
                        password=PASSWORD)
        self.deliver("Vorher")
        self.phone = phone("14.1", user=user, server=site.eas_quiet)
        self.inbox = self.phone.folder(2)
        self.phone.sync(self.inbox)

    def deliver(self, subject):
        self.server.deliver(self.user.name, mime("sender@example.org", self.user.address, subject))

    def woken_by(self, what):
        """The Status of a Ping during which WHAT() happens; it must end soon after."""
        got = {}
        folders = [(self.inbox, "Email")]
        t = threading.Thread(target=lambda: got.update(a=self.phone.device.ping(folders, "60", timeout=70)))
        t.start()
        time.sleep(1)
        assert not got, got["a"]
        what()
        start = time.monotonic()
        t.join(70)
        assert not t.is_alive() and time.monotonic() - start < SOON
        return got["a"].code

    def end(self):
        self.site.ox.control("module/mail", op="imap", user=self.user.name, port=0)


def test_driver(driver, site, user, phone):
    """A mail delivered by LMTP, for a user who is switched on by METADATA as Open-Xchange does it."""
    box = Box(driver, site, user, phone)
    client = driver.imap(user.name)
    typ, data = client.xatom("SETMETADATA", '""',
                             f'(/private/vendor/vendor.dovecot/http-notify "user={int(user.name[1:])}@1")')
    assert typ == "OK", data
    client.logout()
    assert box.woken_by(lambda: box.deliver("Neu")) == "2"
    box.phone.sync(box.inbox)
    assert sorted(box.phone.texts(box.inbox, "Email:Subject")) == ["Neu", "Vorher"]
    box.end()


def test_script(script, site, user, phone):
    """New, flagged, expunged, a new mailbox: each by the event that the script tells."""
    box = Box(script, site, user, phone)
    assert box.woken_by(lambda: box.deliver("Neu")) == "2"
    box.phone.sync(box.inbox)
    client = script.imap(user.name)
    client.select("INBOX")
    assert box.woken_by(lambda: client.store("1", "+FLAGS", "(\\Seen)")) == "2"
    box.phone.sync(box.inbox)

    def expunge():
        client.store("2", "+FLAGS", "(\\Deleted)")
        client.expunge()
    assert box.woken_by(expunge) == "2"
    box.phone.sync(box.inbox)
    assert box.phone.texts(box.inbox, "Email:Subject") == ["Vorher"]
    (sid, data), = box.phone.collections[box.inbox].items.items()
    assert data.val("Email:Read") == "1", (sid, data)

    def create():
        user.new_folder("Neu", "mail")  # the stand-in does not look for mailboxes that others make
        client.create("INBOX/Other")
    assert box.woken_by(create) == "7"
    client.logout()
    box.end()
