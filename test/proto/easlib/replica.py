# SPDX-License-Identifier: Apache-2.0
"""What a real phone keeps: folders, one key and the items of each collection, and the rules for both.

A Replica applies answers exactly as told and notes in `faults` whatever a phone would stumble over: an item
added twice, a change of an unknown item, MoreAvailable without progress.
"""
from .wbxml import AirSync, AirSyncBase, El
from .client import ProtocolFault, unique

CLASS_OF_TYPE = {"2": "Email", "3": "Email", "4": "Email", "5": "Email", "6": "Email", "12": "Email", "1": "Email",
                 "7": "Tasks", "15": "Tasks", "8": "Calendar", "13": "Calendar", "9": "Contacts", "14": "Contacts",
                 "10": "Notes", "17": "Notes", "19": "Contacts"}
BOUND = 400


class Turn:
    """What one Sync answer said about one collection."""

    def __init__(self, answer, cid):
        self.answer, self.key, self.more, self.empty = answer, None, False, not answer.body
        self.status = "1"
        self.commands, self.responses = [], []
        if answer.status != 200:
            raise ProtocolFault(f"Sync: {answer}")
        if self.empty:
            return
        if answer.code not in (None, "1"):
            self.status = answer.code
            return
        for c in answer.doc.all("Collections/Collection"):
            if c.val("CollectionId") == cid:
                self.status, self.key, self.more = c.val("Status"), c.val("SyncKey"), "MoreAvailable" in c
                self.commands = list(c.get("Commands") or [])
                self.responses = list(c.get("Responses") or [])
                if "Commands" in c and not self.commands or "Responses" in c and not self.responses:
                    raise ProtocolFault(f"empty Commands or Responses: {answer}")
                return
        self.empty = True

    def of(self, tag):
        """{server id: ApplicationData or None} of one kind of command."""
        return {c.val("ServerId"): c.get("ApplicationData") for c in self.commands if c.tag == tag}

    def response(self, tag, **by):
        """The Responses entry with that ServerId or ClientId, or None."""
        for r in self.responses:
            if r.tag == tag and all(r.val(k) == v for k, v in by.items()):
                return r
        return None

    def __repr__(self):
        return f"<Turn status={self.status} {self.answer}>"


class Collection:
    """State of one folder on the phone."""

    def __init__(self, cid, cls):
        self.cid, self.cls, self.key, self.items = cid, cls, "0", {}
        self.filter, self.window, self.options, self.supported = None, None, None, None
        self.body = ("1", None)


class Replica:
    """All a phone holds of one account."""

    def __init__(self, device):
        self.device, self.folder_key, self.folders, self.collections = device, "0", {}, {}
        self.faults = []

    def fault(self, text):
        self.faults.append(text)

    # ---- folders ----------------------------------------------------------------------------
    def foldersync(self):
        """Brings the folder list up to date; returns the answer."""
        a = self.device.foldersync(self.folder_key)
        if a.status != 200 or a.code != "1":
            raise ProtocolFault(f"FolderSync: {a}")
        changes = a.doc["Changes"]
        rows = [e for e in changes if e.tag != "Count"]
        if int(changes.val("Count")) != len(rows):
            self.fault(f"Count {changes.val('Count')} but {len(rows)} changes")
        if self.folder_key == "0":
            self.folders = {}
        self.folder_key = a.doc.val("SyncKey")
        for e in rows:
            sid = e.val("ServerId")
            if e.tag == "Delete":
                if self.folders.pop(sid, None) is None:
                    self.fault(f"Delete of unknown folder {sid}")
                continue
            if e.tag == "Add" and sid in self.folders:
                self.fault(f"folder {sid} added twice")
            if e.val("ParentId") != "0" and e.val("ParentId") not in self.folders:
                self.fault(f"parent of {sid} {e.val('DisplayName')} comes later")
            self.folders[sid] = {k: e.val(k) for k in ("ParentId", "DisplayName", "Type")}
        return a

    def folder(self, kind):
        """Id of the one folder of a default type."""
        ids = [i for i, f in self.folders.items() if f["Type"] == str(kind)]
        assert len(ids) == 1, f"{len(ids)} folders of type {kind}: {self.folders}"
        return ids[0]

    def folder_named(self, name):
        return next((i for i, f in self.folders.items() if f["DisplayName"] == name), None)

    # ---- collections ------------------------------------------------------------------------
    def open(self, cid, cls=None):
        """The collection, made on first use."""
        if cid not in self.collections:
            cls = cls or CLASS_OF_TYPE.get(self.folders.get(cid, {}).get("Type"), "Email")
            self.collections[cid] = Collection(cid, cls)
        return self.collections[cid]

    def default_options(self, c):
        """Options as phones send them for the version."""
        kind, size = c.body
        mail = c.cls == "Email"
        opts = [AirSync.FilterType(c.filter) if c.filter is not None else None]
        if self.device.v < 12:
            opts.append(AirSync.Truncation("8"))
            if kind == "4":
                opts += [AirSync.MIMESupport("2"), AirSync.MIMETruncation("8")]
        else:
            if mail and kind == "4":
                opts.append(AirSync.MIMESupport("2"))
            opts.append(AirSyncBase.BodyPreference(
                AirSyncBase.Type(kind), AirSyncBase.TruncationSize(size) if size is not None else None))
        return AirSync.Options(*opts)

    def request(self, c, commands=None, **kw):
        """The Collection element of the next turn."""
        if c.key == "0":
            args = {"supported": c.supported}
        else:
            args = {"deletes_as_moves": "1", "get_changes": "1", "window": c.window,
                    "options": c.options or self.default_options(c), "commands": commands}
        args.update(kw)
        return self.device.collection(c.key, c.cid, c.cls, **args)

    def turn(self, cid, commands=None, lose=0, **kw):
        """One Sync of one collection. lose: so many answers get lost on the way; the same bytes go out again."""
        c = self.open(cid)
        request = self.request(c, commands, **kw)
        for _ in range(lose):
            self.device.sync(request)
            self.device.close()
        t = Turn(self.device.sync(request), cid)
        self.apply(c, t)
        return t

    def apply(self, c, t):
        """Takes over what the server said."""
        if t.status == "3":
            c.key, c.items = "0", {}
            return
        if t.key:
            c.key = t.key
        seen = set()
        for e in t.commands:
            sid, data = e.val("ServerId"), e.get("ApplicationData")
            if (sid, e.tag) in seen:
                self.fault(f"{e.tag} {sid} twice in one answer")
            seen.add((sid, e.tag))
            if e.tag == "Add":
                if sid in c.items:
                    self.fault(f"Add of {sid} which the phone has")
                c.items[sid] = data
            elif sid not in c.items:
                self.fault(f"{e.tag} of unknown {sid}")
            elif e.tag == "Change":
                c.items[sid] = merged(c.items[sid], data) if c.cls == "Email" else kept_body(c.items[sid], data)
            else:
                del c.items[sid]
        if t.more and not t.commands:
            self.fault("MoreAvailable without progress")

    def sync(self, cid, lose=0, **kw):
        """Turns until nothing more is available; returns them."""
        c, turns = self.open(cid), []
        if c.key == "0":
            turns.append(self.turn(cid, lose=lose))
            if turns[-1].status != "1":
                raise ProtocolFault(f"Sync with key 0: {turns[-1]}")
        for _ in range(BOUND):
            turns.append(self.turn(cid, lose=lose, **kw))
            if turns[-1].status != "1":
                raise ProtocolFault(f"Sync: {turns[-1]}")
            if not turns[-1].more:
                return turns
        raise ProtocolFault(f"no end after {BOUND} turns")

    # ---- own changes ------------------------------------------------------------------------
    def add(self, cid, data, lose=0, client_id=None):
        """Adds an item; returns its server id."""
        client_id = client_id or unique("c")
        t = self.turn(cid, [AirSync.Add(AirSync.ClientId(client_id), AirSync.ApplicationData(*data))], lose)
        r = t.response("Add", ClientId=client_id)
        if r is None or r.val("Status") != "1":
            raise ProtocolFault(f"Add not accepted: {t}")
        sid = r.val("ServerId")
        if sid in self.collections[cid].items:
            self.fault(f"own Add {sid} came back or hit an old id")
        self.collections[cid].items[sid] = AirSync.ApplicationData(*data)
        return sid

    def change(self, cid, sid, data, lose=0, **kw):
        """Changes an item; success is silent. Returns the turn."""
        t = self.turn(cid, [AirSync.Change(AirSync.ServerId(sid), AirSync.ApplicationData(*data))], lose, **kw)
        if t.response("Change", ServerId=sid) is None and t.status == "1":
            c = self.collections[cid]
            if sid in c.items and sid not in t.of("Change"):
                c.items[sid] = merged(c.items[sid], AirSync.ApplicationData(*data))
        return t

    def delete(self, cid, sid, lose=0, **kw):
        """Deletes an item; success is silent. Returns the turn."""
        self.collections[cid].items.pop(sid, None)
        return self.turn(cid, [AirSync.Delete(AirSync.ServerId(sid))], lose, **kw)

    def find(self, cid, path, value):
        """Server ids of the items whose field has that text."""
        return [sid for sid, data in self.collections[cid].items.items() if data.val(path) == value]

    def texts(self, cid, path):
        """All values of a field, sorted."""
        return sorted(data.val(path, "") for data in self.collections[cid].items.values())


def merged(old, new):
    """old with the elements of new in place of its own."""
    names = {e.name for e in new}
    return AirSync.ApplicationData([e for e in old if e.name not in names], list(new))


def kept_body(old, new):
    """A full replacement that leaves the body when the change brings none."""
    bodies = {"AirSyncBase:Body", "Contacts:Picture"}
    keep = [e for e in old if e.name in bodies and not any(n.name == e.name for n in new)]
    return AirSync.ApplicationData(list(new), keep)


def body_text(data):
    """Text of an item's body in any version."""
    b = data.get("AirSyncBase:Body")
    if b is not None:
        return b.val("Data", "")
    return next((e.text for e in data if e.tag == "Body" and isinstance(e, El)), "")
