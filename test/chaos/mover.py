# SPDX-License-Identifier: Apache-2.0
"""MoveItems of a phone: it remembers what it asked for until it has an answer, whatever happens, and asks again before it
syncs anything else."""
import http.client
import threading

from easlib.wbxml import Move

LOST = (OSError, http.client.HTTPException)
LATER = ("7",)  # of a single item: not now


class Failure(Exception):
    """What no phone should ever see."""


class Moving:
    """One item on its way."""

    def __init__(self, sid, source, target, request, write):
        self.sid, self.source, self.target, self.request, self.write = sid, source, target, request, write


class Mover:
    """The part of a Handset that moves items."""

    def move(self, place, pick, to, lose):
        """lose: how many answers get lost; "drop": one, and the repeat comes later; "twin": twice at once."""
        place, to = self.place(place), self.place(to)
        if not place or not to or place == to:
            return
        s, t = self.shelf(place), self.shelf(to)
        if not self.finish_moves() or s.flight or t.flight or s.key == "0":
            return
        here = s.here()
        if not here:
            return
        sid = here[pick % len(here)]
        request = Move.MoveItems(Move.Move(Move.SrcMsgId(sid), Move.SrcFldId(s.cid), Move.DstFldId(t.cid)))
        write = self.ledger.begin(s.items[sid]["mark"], "place", to, self.name)
        self.moves.append(Moving(sid, s, t, request, write))
        for _ in range({"drop": 1, "twin": 0}.get(lose) if lose in ("drop", "twin") else int(lose)):
            self.post("MoveItems", request)
            self.device.close()
        if lose == "twin":
            self.move_twice(request)
        if lose != "drop":
            self.finish_moves()

    def move_twice(self, request):
        """Two equal requests at once; neither answer arrives."""
        spare = self.twin()
        threads = [threading.Thread(target=self.post, args=("MoveItems", request, d)) for d in (self.device, spare)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        spare.close()
        self.device.close()

    def finish_moves(self):
        """True when no move is open."""
        while self.moves:
            m = self.moves[0]
            a = self.patiently(lambda: self.post_move(m.request))
            if a is None:
                return False
            self.moves.pop(0)
            self.moved(m, a)
        return True

    def post_move(self, request):
        a = self.post("MoveItems", request)
        return None if a is not None and a.doc.val("Response/Status") in LATER else a

    def moved(self, m, answer):
        """As the phone is told."""
        status, new = answer.doc.val("Response/Status"), answer.doc.val("Response/DstMsgId")
        if status not in ("1", "2", "3", "5"):
            raise Failure(f"{self.name}: MoveItems: {answer}")
        self.ledger.end(m.write, status == "3")
        if status != "3":
            return
        s, t = m.source, m.target
        if self.shelves.get(s.place) is not s or self.shelves.get(t.place) is not t:
            return  # a folder went meanwhile
        item, dirty, tried = s.items.pop(m.sid, None), s.dirty.pop(m.sid, None), s.tried.pop(m.sid, None)
        if item is None or t.key == "0":
            return
        t.items.setdefault(new, item)  # the phone may have been told of it there before, when somebody else moved it to and fro
        if dirty:
            t.dirty[new] = dirty
        if tried:
            t.tried[new] = tried
