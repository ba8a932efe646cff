# SPDX-License-Identifier: Apache-2.0
"""The folders of a phone: FolderSync, and making, changing and deleting folders of its own.

Folders that come and go have a mark before the first blank of their name, Fk... for contacts and Fm... for mail, and a
title behind it, which is what renaming changes. In the ledger a folder is an item: its place is the parent's mark, "top"
or "trash"."""
from easlib.wbxml import FolderHierarchy as F

from mover import Failure

KIND = {"k": "14", "m": "12"}


def mark_of(name):
    """The mark in a folder's name, or None."""
    head, _, tail = (name or "").partition(" ")
    return head if head[:2] in ("Fk", "Fm") and head[2:].isdigit() and tail else None


class Folderer:
    """The part of a Handset that knows folders."""

    # ---- what there is ------------------------------------------------------------------------
    def own_folders(self, kind):
        """{mark: id} of those that come and go."""
        marks = {mark_of(f[0]): i for i, f in self.folders.items()}
        return {m: i for m, i in sorted(marks.items(), key=lambda p: p[0] or "") if m and m[1] == kind}

    def parent_mark(self, fid):
        """The place of a folder as the model has it."""
        parent = self.folders.get(self.folders[fid][1])
        if parent is None:
            return "top"
        return mark_of(parent[0]) or ("trash" if parent[2] == "4" else "top")

    def chosen(self, kind, pick):
        """(mark, id) of one of them, or (None, None)."""
        have = list(self.own_folders(kind).items())
        return have[pick % len(have)] if have else (None, None)

    # ---- FolderSync ---------------------------------------------------------------------------
    def foldersync(self, lose=0):
        """True when the folders are up to date."""
        request = F.FolderSync(F.SyncKey(self.folder_key))
        for _ in range(lose):
            self.post("FolderSync", request)
            self.device.close()
        a = self.patiently(lambda: self.post("FolderSync", request))
        if a is None:
            return False
        if a.code == "9" and self.deaf:  # see Handset.take()
            self.folder_key, self.deaf = "0", False
            return self.foldersync()
        if a.code != "1":
            raise Failure(f"{self.name}: FolderSync with key {self.folder_key}: {a}")
        if self.folder_key == "0":
            self.folders = {}
        self.folder_key, self.deaf = a.doc.val("SyncKey"), False
        for e in a.doc["Changes"]:
            if e.tag != "Count":
                self.told_folder(e, a)
        for cid in {s.cid for s in self.shelves.values()} - set(self.folders):
            self.drop_shelf(cid)
        return True

    def told_folder(self, e, answer):
        sid = e.val("ServerId")
        if e.tag == "Delete":
            if self.folders.pop(sid, None) is None:
                raise Failure(f"{self.name}: Delete of unknown folder {sid}: {answer}")
            self.drop_shelf(sid)
            return
        if (e.tag == "Add") == (sid in self.folders):
            raise Failure(f"{self.name}: {e.tag} of folder {sid}, the phone has {self.folders.get(sid)}: {answer}")
        self.folders[sid] = (e.val("DisplayName"), e.val("ParentId"), e.val("Type"))

    def drop_shelf(self, cid):
        """A folder is gone, and with it what its owner had edited there."""
        for place in [p for p, s in self.shelves.items() if s.cid == cid]:
            s = self.shelves.pop(place)
            if s.flight:
                self.settle(s, s.flight, None)
            for w in s.loose:
                self.ledger.end(w, False)

    # ---- the owner's wishes -------------------------------------------------------------------
    def folder_command(self, cmd, request, lose, writes):
        """Sends it; the answer, or None when nobody knows. lose: answers that get lost; "drop": the phone forgets it."""
        for _ in range(1 if lose == "drop" else int(lose)):
            self.post(cmd, request)
            self.device.close()
        a = None if lose == "drop" else self.patiently(lambda: self.post(cmd, request))
        if a is not None and a.code not in ("1", "2", "4", "5"):
            raise Failure(f"{self.name}: {cmd} with key {self.folder_key}: {a}\n{request}")
        done = a is not None and a.code == "1"
        for w in writes:
            self.ledger.end(w, done)
        if done:
            self.folder_key = a.doc.val("SyncKey")
        return a if done else None

    def folder_create(self, kind, pick, n, lose):
        """Below another folder of its kind, or at the top."""
        parent, pid = self.chosen(kind, pick) if pick % 3 == 0 and kind == "m" else (None, None)
        mark, name = f"F{kind}{n}", f"F{kind}{n} t{n}"
        writes = [self.ledger.begin(mark, f, v, self.name) for f, v in (("place", parent or "top"), ("title", str(n)))]
        a = self.folder_command("FolderCreate", F.FolderCreate(
            F.SyncKey(self.folder_key), F.ParentId(pid or "0"), F.DisplayName(name), F.Type(KIND[kind])), lose, writes)
        if a is not None:
            sid = a.doc.val("ServerId")
            if sid in self.folders:
                raise Failure(f"{self.name}: the new folder {name} got the id of {self.folders[sid]}")
            self.folders[sid] = (name, pid or "0", KIND[kind])

    def folder_rename(self, kind, pick, n, lose):
        mark, fid = self.chosen(kind, pick)
        if mark:
            name = f"{mark} t{n}"
            self.folder_update(fid, self.folders[fid][1], name, lose, [self.ledger.begin(mark, "title", str(n), self.name)])

    def folder_move(self, pick, other, lose):
        """Below another mail folder that is not below it."""
        mark, fid = self.chosen("m", pick)
        parent, pid = self.chosen("m", other)
        above, up = set(), pid
        while up in self.folders:
            above.add(up)
            up = self.folders[up][1]
        if mark and parent and fid not in above and self.folders[fid][1] != pid:
            self.folder_update(fid, pid, self.folders[fid][0], lose, [self.ledger.begin(mark, "place", parent, self.name)])

    def folder_update(self, fid, parent, name, lose, writes):
        a = self.folder_command("FolderUpdate", F.FolderUpdate(
            F.SyncKey(self.folder_key), F.ServerId(fid), F.ParentId(parent), F.DisplayName(name)), lose, writes)
        if a is not None:
            self.folders[fid] = (name, parent, self.folders[fid][2])

    def folder_delete(self, kind, pick, lose):
        """OX keeps a mail folder in the trash, unless it was there already."""
        mark, fid = self.chosen(kind, pick)
        if not mark:
            return
        places = ("trash", None) if kind == "m" else (None,)
        writes = [self.ledger.begin(mark, "place", p, self.name) for p in places]
        a = self.folder_command("FolderDelete", F.FolderDelete(F.SyncKey(self.folder_key), F.ServerId(fid)), lose, writes)
        if a is not None:
            gone = [fid]
            for i in gone:
                gone += [c for c, f in self.folders.items() if f[1] == i]
            for i in gone:
                self.folders.pop(i, None)
                self.drop_shelf(i)
