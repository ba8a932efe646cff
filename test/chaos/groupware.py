# SPDX-License-Identifier: Apache-2.0
"""One user's data in the OX stand-in, looked at and edited behind everybody's back through the control port."""
import http.client
import json
import threading
import time

import fields
from fields import BY_NAME, FIELDS, age
from folderer import mark_of

MAIL = {"inbox": "default0/INBOX", "trash": "default0/Trash"}
FAR = 10 * 365 * 86400000
_local = threading.local()


class Refused(Exception):
    """OX answered with an error: somebody else was faster."""


def control(port, path, body):
    """One call of the control port on this thread's kept connection."""
    for fresh in (False, True):
        conn = getattr(_local, "conn", None)
        if conn is None or conn.port != port or fresh:
            conn = _local.conn = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            conn.request("POST", "/" + path, json.dumps(body), {"Content-Type": "application/json"})
            r = conn.getresponse()
            data = json.loads(r.read() or b"null")
            break
        except (OSError, http.client.HTTPException):
            conn.close()
            if fresh:
                raise
    if r.status != 200:
        raise RuntimeError(f"control {path}: {data}")
    return data


class Groupware:
    """places: {place: (module, OX folder id)}."""

    def __init__(self, port, user, address):
        self.port, self.user, self.address, self.places = port, user, address, {}
        self._find_places()

    def call(self, module, action, body=None, **params):
        answer = control(self.port, "call", {"user": self.user, "module": module, "action": action,
                                             "params": {"timezone": "UTC", **params},
                                             **({} if body is None else {"body": body})})
        if isinstance(answer, dict) and answer.get("error") and answer.get("categories") != "WARNING":
            raise Refused(f"{module}.{action} {params} {body}: {answer.get('code')} {answer.get('error')}")
        return answer.get("data") if isinstance(answer, dict) else answer

    # ---- folders that come and go -----------------------------------------------------------
    def folders(self):
        """{mark: (parent's mark, "top" or "trash", title, OX id)}; the places know them as well."""
        out = {}
        data = self.call("folders", "allVisible", content_type="contacts", columns="1,300", tree="0")
        for fid, name in data["private"]:
            if mark_of(name):
                out[mark_of(name)] = ("top", name.split(" t")[1], str(fid))
        parents = [("default0", "top"), ("default0/INBOX", "top"), ("default0/Trash", "trash")]
        for fid, place in parents:
            for child, name in self.call("folders", "list", parent=fid, columns="1,300", all="1") or []:
                if mark_of(name):
                    out[mark_of(name)] = (place, name.split(" t")[1], child)
                    parents.append((child, mark_of(name)))
        for gone in [p for p in self.places if mark_of(p + " .") and p not in out]:
            del self.places[gone]
        self.places.update({m: (fields.module_of(m), f[2]) for m, f in out.items()})
        return out

    def folder_create(self, mark, n, parent):
        body = {"title": f"{mark} t{n}", "subscribed": 1}
        if mark[1] == "k":
            body["module"] = "contacts"
        top = "1" if mark[1] == "k" else "default0/INBOX"
        self.call("folders", "new", {"folder": body}, folder_id=parent or top, tree="0")

    def folder_update(self, fid, **changes):
        self.call("folders", "update", {"folder": changes}, id=fid, tree="0", timestamp=far())

    def folder_delete(self, fid):
        left = self.call("folders", "delete", [fid], tree="0", timestamp=far())
        if left:
            raise Refused(f"folder {left} is still there")

    def _find_places(self):
        for module, kind in (("contacts", 3), ("calendar", 2), ("tasks", 1)):
            data = self.call("folders", "allVisible", content_type=module, columns="1,300,308,316", tree="0")
            fid = next(str(r[0]) for r in data["private"] if r[3] == kind)
            self.places[module] = (module, fid)
        fid = self.call("folders", "new", {"folder": {"title": "Second", "module": "contacts", "subscribed": 1}},
                        folder_id="1", tree="0")
        self.places["contacts2"] = ("contacts", str(fid))
        for place, fid in MAIL.items():
            self.places[place] = ("mail", fid)

    # ---- reading ----------------------------------------------------------------------------
    def rows(self, place):
        """[(id, {field: value})] of a place, in the order of the marks."""
        module, fid = self.places[place]
        known = FIELDS[module]
        columns = ["600" if module == "mail" else "1"] + [str(f.column) for f in known]
        extra = {"start": "0", "end": "4102444800000", "recurrence_master": "true"} if module == "calendar" else {}
        rows = self.call(module, "all", folder=fid, columns=",".join(columns), **extra)
        out = []
        for r in rows or []:
            if module == "mail":
                flags = int(r[2] or 0)
                values = {"mark": r[1], "read": "1" if flags & 32 else "0", "flag": "2" if flags & 8 else "0"}
            else:
                values = {f.name: f.from_ox(raw) for f, raw in zip(known, r[1:])}
            out.append((str(r[0]), values))
        return sorted(out, key=lambda row: (row[1]["mark"] or "", row[0]))

    # ---- edits ------------------------------------------------------------------------------
    def add(self, place, values):
        module, fid = self.places[place]
        if module == "mail":
            raw = (f"From: someone@example.net\r\nTo: {self.address}\r\nSubject: {values['mark']}\r\n"
                   f"Message-ID: <{values['mark']}@chaos>\r\n\r\nHello\r\n")
            control(self.port, "module/mail", {"op": "deliver", "user": self.user, "folder": fid, "raw": raw,
                                               "age_days": age("mail", values["mark"]) or 0})
            return
        body = {f.key: f.to_ox(values[f.name]) for f in FIELDS[module] if values.get(f.name) is not None}
        if module == "calendar":
            body.update(ignore_conflicts=True, full_time=False, timezone="Europe/Berlin")
        if module == "contacts":
            body.update(display_name=values["mark"], file_as=values["mark"])
        if module == "tasks":
            body.setdefault("status", 1)
        self.call(module, "new", {"folder_id": fid, **body})

    def set(self, place, oid, name, value):
        module, fid = self.places[place]
        f = BY_NAME[module][name]
        if module == "mail":
            change = {"set_flags": f.key} if value in ("1", "2") else {"clear_flags": f.key}
            self.call("mail", "update", change, id=oid, folder=fid)
            return
        body = {f.key: None if value is None else f.to_ox(value)}
        if name == "reminder" and value is None:
            body = {"alarm": -1}
        if module == "calendar":
            body["ignore_conflicts"] = True
        self.call(module, "update", body, id=oid, folder=fid, timestamp=far())

    def delete(self, place, oid):
        module, fid = self.places[place]
        if module == "mail":
            self.call("mail", "delete", [{"id": oid, "folder": fid}], harddelete="true")
        else:
            self.call(module, "delete", [{"id": oid, "folder": fid}], timestamp=far())

    def move(self, place, oid, to):
        module, fid = self.places[place]
        if module == "mail":
            self.call("mail", "update", {"folder_id": self.places[to][1]}, id=oid, folder=fid)
        else:
            self.call(module, "update", {"folder_id": self.places[to][1]}, id=oid, folder=fid, timestamp=far())


def far():
    """A timestamp no object is newer than."""
    return str(int(time.time() * 1000) + FAR)
