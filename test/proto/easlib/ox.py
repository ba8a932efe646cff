# SPDX-License-Identifier: Apache-2.0
"""Just enough of the OX HTTP API to look at, and edit, what a user's groupware holds: the other end of a sync."""
import email
import email.policy
import http.client
import json
import time
import uuid
from urllib.parse import urlencode

AGENT = "Mozilla/5.0 (test)"
MODULES = {"contacts": "3", "calendar": "2", "tasks": "1"}


class OxError(Exception):
    """An answer with an error member."""

    def __init__(self, answer):
        super().__init__(f"{answer.get('code')}: {answer.get('error_desc') or answer.get('error')}")
        self.code = answer.get("code")


class OxUser:
    """One user's web front end."""

    def __init__(self, host, port, name, password, prefix="/ajax/"):
        self.host, self.port, self.prefix, self.name, self.password = host, port, prefix, name, password
        self.cookies, self.session, self._defaults, self.mail = {}, None, {}, {}

    def raw(self, method, module, params, body=None, kind="text/javascript; charset=utf-8"):
        conn = http.client.HTTPConnection(self.host, self.port, timeout=30)
        headers = {"User-Agent": AGENT, "Accept": "application/json, text/javascript",
                   "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = kind
        conn.request(method, f"{self.prefix}{module}?{urlencode(params)}", body, headers)
        r = conn.getresponse()
        data = r.read()
        for k, v in r.getheaders():
            if k.lower() == "set-cookie":
                name, _, value = v.split(";")[0].partition("=")
                self.cookies[name.strip()] = value
        conn.close()
        return r.status, data

    def login(self):
        status, data = self.raw("POST", "login", {"action": "login", "authId": uuid.uuid4().hex},
                                urlencode({"name": self.name, "password": self.password, "client": "test",
                                           "version": "1"}), "application/x-www-form-urlencoded")
        answer = json.loads(data)
        if "session" not in answer:
            raise OxError(answer)
        self.session, self.user_id = answer["session"], answer.get("user_id")
        return self

    def call(self, method, module, action, body=None, **params):
        """One request; returns the answer's data."""
        if self.session is None:
            self.login()
        full = {"action": action, "session": self.session, "timezone": "UTC", **params}
        text = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        status, data = self.raw(method, module, full, text.encode() if isinstance(text, str) else text)
        answer = json.loads(data)
        if isinstance(answer, dict) and answer.get("error") and answer.get("categories") != "WARNING":
            raise OxError(answer)
        return answer.get("data") if isinstance(answer, dict) else answer

    # ---- folders ----------------------------------------------------------------------------
    def default(self, module):
        """Id of the default folder of contacts, calendar or tasks; of mail: inbox, sent, drafts, trash."""
        if module in MODULES and module not in self._defaults:
            data = self.call("GET", "folders", "allVisible", content_type=module, columns="1,300,308,316", tree="0")
            kind = int(MODULES[module])
            rows = data.get("private") or []
            self._defaults[module] = next(str(r[0]) for r in rows if r[3] == kind)
        return self._defaults.get(module) or {"inbox": "default0/INBOX", "sent": "default0/Sent",
                                              "drafts": "default0/Drafts", "trash": "default0/Trash"}[module]

    def folders(self, module):
        """{id: title} of the user's own folders of a module."""
        if module == "mail":
            rows = self.call("GET", "folders", "list", parent="default0", columns="1,300", all="1")
            more = self.call("GET", "folders", "list", parent="default0/INBOX", columns="1,300", all="1")
            return {r[0]: r[1] for r in rows + more}
        data = self.call("GET", "folders", "allVisible", content_type=module, columns="1,300", tree="0")
        return {str(r[0]): r[1] for r in data["private"]}

    def new_folder(self, title, module, parent=None):
        parent = parent or ("default0/INBOX" if module == "mail" else "1")
        return str(self.call("PUT", "folders", "new", {"folder": {"title": title, "module": module, "subscribed": 1}},
                             folder_id=parent, tree="0"))

    def rename_folder(self, fid, title):
        return self.call("PUT", "folders", "update", {"folder": {"title": title}}, id=fid, tree="0",
                         timestamp=self.far())

    def update_folder(self, fid, **fields):
        return self.call("PUT", "folders", "update", {"folder": fields}, id=fid, tree="0", timestamp=self.far())

    def share(self, fid, other, bits):
        """Gives another user rights in a folder; 0 takes them away."""
        for u in (self, other):
            u.session or u.login()
        mine = {"entity": self.user_id, "group": False, "bits": 403710016}
        theirs = [{"entity": other.user_id, "group": False, "bits": bits}] if bits else []
        self.update_folder(fid, permissions=[mine, *theirs])

    def delete_folder(self, fid):
        return self.call("PUT", "folders", "delete", [fid], tree="0", hardDelete="true", timestamp=self.far())

    @staticmethod
    def far():
        """A timestamp no object is newer than."""
        return str(int(time.time() * 1000) + 10 * 365 * 86400000)

    # ---- contacts, calendar, tasks ----------------------------------------------------------
    def ids(self, module, folder=None):
        extra = {"start": "0", "end": "4102444800000", "recurrence_master": "true"} if module == "calendar" else {}
        rows = self.call("GET", module, "all", folder=folder or self.default(module), columns="1,20", **extra)
        return [str(r[0]) for r in rows]

    def syncable(self, module):
        """Ids in the default folder of what a phone can hold: no distribution lists; series are one with their
        exceptions."""
        columns = {"contacts": "1,602", "calendar": "1,206", "tasks": "1"}[module]
        extra = {"start": "0", "end": "4102444800000", "recurrence_master": "true"} if module == "calendar" else {}
        rows = self.call("GET", module, "all", folder=self.default(module), columns=columns, **extra)
        return [str(r[0]) for r in rows if not any(r[1:]) or (module == "calendar" and str(r[1]) == str(r[0]))]

    def get(self, module, oid, folder=None):
        return self.call("GET", module, "get", id=oid, folder=folder or self.default(module))

    def objects(self, module, folder=None):
        return [self.get(module, i, folder) for i in self.ids(module, folder)]

    def find(self, module, field, value, folder=None):
        """All objects of the folder with that value."""
        return [o for o in self.objects(module, folder) if o.get(field) == value]

    def new(self, module, folder=None, **fields):
        fields.setdefault("folder_id", folder or self.default(module))
        if module == "calendar":
            fields.setdefault("ignore_conflicts", True)
        return str(self.call("PUT", module, "new", fields)["id"])

    def update(self, module, oid, folder=None, **fields):
        if module == "calendar":
            fields.setdefault("ignore_conflicts", True)
        return self.call("PUT", module, "update", fields, id=oid, folder=folder or self.default(module),
                         timestamp=self.far())

    def delete(self, module, oid, folder=None):
        return self.call("PUT", module, "delete", [{"id": oid, "folder": folder or self.default(module)}],
                         timestamp=self.far())

    # ---- mail -------------------------------------------------------------------------------
    def mails(self, folder="default0/INBOX"):
        """[{id, subject, flags}] of a mail folder."""
        rows = self.call("GET", "mail", "all", folder=folder, columns="600,607,611,610", sort="610", order="desc")
        return [dict(zip(("id", "subject", "flags", "received"), r)) for r in rows]

    def mail_named(self, subject, folder="default0/INBOX"):
        return [m for m in self.mails(folder) if m["subject"] == subject]

    def source(self, mid, folder="default0/INBOX"):
        """The message as email.message.EmailMessage."""
        status, data = self.raw("GET", "mail", {"action": "get", "session": self.session, "folder": folder, "id": mid,
                                                "src": "1", "save": "1", "unseen": "true"})
        return email.message_from_bytes(data, policy=email.policy.default)

    def deliver(self, message, folder="default0/INBOX", flags=0):
        """Puts a message into a folder of this user; returns its id."""
        if self.session is None:
            self.login()
        head = ('--b0undary\r\nContent-Disposition: form-data; name="file"; filename="m.eml"\r\n'
                "Content-Type: message/rfc822\r\n\r\n").encode()
        status, data = self.raw("POST", "mail", {"action": "import", "session": self.session, "folder": folder,
                                                 "flags": str(flags), "force": "true"},
                                head + message + b"\r\n--b0undary--\r\n", "multipart/form-data; boundary=b0undary")
        text = data.decode()
        if not text.lstrip().startswith("{"):
            text = text[text.index("({") + 1:text.rindex("})") + 1]
        answer = json.loads(text)
        if answer.get("error"):
            raise OxError(answer)
        return str(answer["data"][0]["id"])

    def send(self, message):
        """Sends a message to whomever its To names."""
        return self.call("PUT", "mail", "new", message)

    def flag(self, mid, set_flags=0, clear_flags=0, folder="default0/INBOX"):
        return self.call("PUT", "mail", "update", {"set_flags": set_flags, "clear_flags": clear_flags}, id=mid,
                         folder=folder)

    def delete_mail(self, mid, folder="default0/INBOX", hard=True):
        return self.call("PUT", "mail", "delete", [{"id": mid, "folder": folder}],
                         harddelete="true" if hard else "false")
