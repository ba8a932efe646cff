# SPDX-License-Identifier: Apache-2.0
"""Notes every element that went over the wire in a test: group, direction, path, version.

The rows of mod_eas/tbl/elements/ say which there are; mod_eas/doc/coverage.md, made of both by test/lib/elements.py, says
which of them a test has shown. An element of a request counts only where the server took it: every status of the answer
that concerns it is a good one. An element of an answer counts as it is.

A path begins below the root (command groups) or below ApplicationData and Properties (class groups), and names the page
where it is not that of the element above: "Flag/Tasks:Subject". What may hold any element (Supported, Schema) has one
row for all: "Supported/*". "." is the command itself.
"""
import os

from . import wbxml
from .wbxml import El, VERSIONS

PATH = os.environ.get("EAS_ELEMENTS")
GOOD = {"MoveItems": {"3"}, "Ping": {"1", "2"},
        # What these say of a person, a picture or a certificate is their answer, no refusal.
        "ResolveRecipients": {"1", "2", "3", "4", "7", "8", "160", "161", "162", "163", "173", "174", "175"},
        "ValidateCert": {str(n) for n in range(1, 18) if n != 2}}
CLASS_OF_PAGE = {"Email": "Email", "Email2": "Email", "Calendar": "Calendar", "Contacts": "Contacts", "Contacts2": "Contacts",
                 "Tasks": "Tasks", "Notes": "Notes", "Gal": "GAL", "DocumentLibrary": "DocumentLibrary"}
PAGE_OF_CLASS = {"SMS": "Email", "RI": "Contacts", "GAL": "Gal"}
HOLDERS = {"AirSync:ApplicationData", "ItemOperations:Properties", "Search:Properties"}
ANY_CHILD = {"AirSync:Supported", "ItemOperations:Schema"}
seen = set()
_class_of_folder = {}


class _Note:
    """One document on its way through the tables."""

    def __init__(self, group, direction, version, device, refused=frozenset()):
        self.group, self.direction, self.version, self.device, self.refused = group, direction, version, device, refused
        self.folder = None

    def add(self, group, path):
        seen.add((group, self.direction, path, self.version))

    def walk(self, e, path):
        """The element's children, one row each."""
        for c in e.children:
            if c.name == "AirSync:CollectionId":
                self.folder = c.text
            step = c.tag if c.page == e.page else c.name
            if e.name in ANY_CHILD:
                self.add(self.group, f"{path}*")
                continue
            if c.name in ("AirSync:Add", "AirSync:Change", "AirSync:Delete", "AirSync:Fetch") and (
                    {c.val("ClientId"), c.val("ServerId")} & self.refused):
                continue
            self.add(self.group, path + step)
            if c.name in HOLDERS:
                self.item(c, e)
            else:
                self.walk(c, f"{path}{step}/")

    def item(self, holder, parent):
        """The fields of an item: rows of its class; those of an attachment are the command's own."""
        where = (self.device, self.folder or parent.val("CollectionId"))
        group = next((CLASS_OF_PAGE[c.page] for c in holder if c.page in CLASS_OF_PAGE), None)
        if parent.val("Class") == "SMS" or holder.val("MessageClass") == "IPM.Note.Mobile.SMS":
            group = "SMS"
        elif where[1] == "RI":
            group = "RI"
        elif group:
            _class_of_folder[where] = group
        elif any(c.page in ("ItemOperations",) for c in holder):
            self.walk(holder, path="Response/Fetch/Properties/")
            return
        else:
            group = _class_of_folder.get(where)
        if group:
            outer, self.group = self.group, group
            page = PAGE_OF_CLASS.get(group, group)
            for c in holder:
                step = c.tag if c.page == page else c.name
                self.add(group, step)
                self.walk(c, step + "/")
            self.group = outer


def _refused(cmd, doc):
    """None when the whole request was refused, else the ids of what was refused in a Sync."""
    if doc is None:
        return frozenset()
    good, ids = GOOD.get(cmd, {"1"}), set()
    for e in doc.walk():
        responses = e.children if e.name == "AirSync:Responses" else ()
        ids |= {x for r in responses if r.val("AirSync:Status") not in (None, "1") for x in (r.val("ClientId"), r.val("ServerId"))}
    for e in doc.walk():
        if e.name in ("AirSync:Sync", "AirSync:Collection", doc.name) or cmd != "Sync":
            bad = [s.text for s in e.all("Status") if s.page == e.page and s.page not in CLASS_OF_PAGE and s.text not in good]
            if bad:
                return None
    return frozenset(ids - {None})


def note(cmd, device, sent, answer):
    """One request and its answer. sent: element, bytes or None."""
    version = answer.version
    if answer.status != 200 or version not in VERSIONS:
        return
    who = (device.user, device.device_id)
    if answer.doc is not None:
        n = _Note(cmd, "out", version, who)
        n.walk(answer.doc, "")
    refused = _refused(cmd, answer.doc)
    if refused is None:
        return
    seen.add((cmd, "in", ".", version))
    if isinstance(sent, (bytes, bytearray)):
        try:
            sent = wbxml.decode(bytes(sent))
        except (wbxml.WbxmlError, UnicodeDecodeError):
            return
    if isinstance(sent, El):
        _Note(cmd, "in", version, who, refused).walk(sent, "")


def write():
    """Adds what was seen to the file that EAS_ELEMENTS names."""
    if not PATH:
        return
    with open(PATH, "a", encoding="utf-8") as f:
        f.writelines("\t".join(row) + "\n" for row in sorted(seen))
