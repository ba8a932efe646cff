# SPDX-License-Identifier: Apache-2.0
"""Debian's Dovecot, started on loopback in a folder of its own: LMTP in, IMAP out, and its notifications for Open-Xchange."""
import grp
import imaplib
import os
import pwd
import shutil
import signal
import smtplib

from .site import Child, free_ports, listening, wait_for

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/bin:/sbin")
PASSWORD = "mailpass"


class Dovecot:
    """users: login names. push: URL that the push driver for Open-Xchange is to call for each new mail of
    a user who is switched on by IMAP METADATA (as OX does it), once with the OX user and once with the login; or None.

    lua: (script, URL, name:password) of the Lua script that tells of all changes, or None.

    As root its parts run under Debian's accounts for them, else all of it as whoever runs the tests."""

    def __init__(self, folder, users, push=None, lua=None):
        self.folder = os.path.join(folder, "dovecot")
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        self.imap_port, self.lmtp_port = free_ports(2)
        root = os.getuid() == 0
        owner = pwd.getpwnam("nobody" if root else pwd.getpwuid(os.getuid()).pw_name)
        group = grp.getgrgid(owner.pw_gid).gr_name
        self.mail = os.path.join(self.folder, "mail")
        os.mkdir(self.mail)
        if root:
            os.chown(self.mail, owner.pw_uid, owner.pw_gid)
        with open(os.path.join(self.folder, "users"), "w", encoding="ascii") as f:
            f.writelines(f"{u}:{{PLAIN}}{PASSWORD}::::::\n" for u in users)
        accounts = "" if root else (f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
                                    f"default_internal_group = {group}\n")
        chroot = "" if root else "\n".join(f"service {s} {{\n  chroot =\n}}" for s in ("imap-login", "anvil", "stats"))
        notify = "" if not push else f"""
mail_plugins = $mail_plugins notify push_notification
mail_attribute_dict = file:{self.mail}/%u.attributes
protocol imap {{
  imap_metadata = yes
}}
plugin {{
  push_notification_driver = ox:url={push} user_from_metadata
  push_notification_driver2 = ox:url={push}
}}
"""
        if lua:
            script = shutil.copy(lua[0], self.folder)  # where it may be read by everybody
            os.chmod(script, 0o644)
            notify = f"""
mail_plugins = $mail_plugins mail_lua notify push_notification push_notification_lua
plugin {{
  push_notification_driver = lua:file={script}
  eas_notify_url = {lua[1]}
  eas_notify_login = {lua[2]}
}}
"""
        self.conf = os.path.join(self.folder, "dovecot.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(f"""base_dir = {self.folder}/run
state_dir = {self.folder}/state
instance_name = {os.path.basename(folder)}
log_path = {self.folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
first_valid_uid = 1
{accounts}
mail_location = maildir:{self.mail}/%u
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Sent {{
    auto = create
  }}
  mailbox Drafts {{
    auto = create
  }}
  mailbox Trash {{
    auto = create
  }}
  mailbox Spam {{
    auto = create
  }}
}}
passdb {{
  driver = passwd-file
  args = {self.folder}/users
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={self.mail}/home/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {self.imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    port = {self.lmtp_port}
  }}
}}
{chroot}
{notify}
""")
        self.child = Child([PROGRAM, "-F", "-c", self.conf], os.path.join(self.folder, "out"))
        try:
            wait_for("dovecot", lambda: self.up())
        except RuntimeError:
            self.stop()
            raise

    def add_user(self, name):
        """One more; the file is read at each login."""
        with open(os.path.join(self.folder, "users"), "a", encoding="ascii") as f:
            f.write(f"{name}:{{PLAIN}}{PASSWORD}::::::\n")

    def up(self):
        if not self.child.running():
            raise RuntimeError("dovecot ended:\n" + self.output())
        return listening(self.imap_port) and listening(self.lmtp_port)

    def output(self):
        text = ""
        for name in ("out", "dovecot.log"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    text += f.read()[-4000:]
        return text

    def deliver(self, user, message):
        """One mail by LMTP, as a mail server hands it over."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as c:
            c.sendmail("sender@example.org", [user], message)

    def imap(self, user):
        """Another client of the mailbox."""
        c = imaplib.IMAP4("127.0.0.1", self.imap_port)
        c.login(user, PASSWORD)
        return c

    def stop(self):
        return self.child.stop(signal.SIGTERM)
