# SPDX-License-Identifier: Apache-2.0
"""Mail that a phone sends to its own user: once in the inbox, whatever became of the answers."""
from easlib.items import mime
from easlib.wbxml import ComposeMail as C

from mover import Failure, LOST

WELL = ("118",)  # sent before
NOT = ("110", "113", "118", "119", "120", "130", "150")  # for good


class Mailer:
    """The part of a Handset that sends."""

    def send(self, kind, pick, n, lose, address):
        """kind: SendMail, or SmartReply and SmartForward of a mail of the inbox. lose: as in Mover.move()."""
        mark = f"sent-{n * 10}"
        source = None
        if kind != "SendMail":
            s = self.shelf("inbox")
            here = s.here()
            if not here:
                return
            source = (s.cid, here[pick % len(here)])
        writes = [self.ledger.begin(mark, f, v, self.name) for f, v in (("place", "inbox"), ("read", "0"), ("flag", "0"))]
        client = f"{self.name}-{n}"
        message = mime(address, address, mark, extra=f"Message-ID: <{client}@phone>\r\n")  # as every phone sends
        sure = False
        for _ in range(1 if lose == "drop" else int(lose)):
            self.send_once(kind, source, message, client)
            self.device.close()
        if lose != "drop":
            sure = self.patiently(lambda: self.send_once(kind, source, message, client))
        for w in writes:
            self.ledger.end(w, sure is True)

    def send_once(self, kind, source, message, client):
        """True: it is sent; False: it is not, and never will be by this request; None: who knows."""
        self.requests += 1
        try:
            if self.version < 14:
                params = [("ItemId", source[1]), ("CollectionId", source[0])] if source else []
                a = self.device.cmd(kind, message, params, "message/rfc822")
                if a.status in (502, 503):
                    return None
                if a.status not in (200, 404, 400, 403, 500, 507):
                    raise Failure(f"{self.name}: {kind}: {a}")
                return a.status == 200
            a = self.device.cmd(kind, getattr(C, kind)(
                C.ClientId(client), C.Source(C.FolderId(source[0]), C.ItemId(source[1])) if source else None, C.Mime(message)))
        except LOST:
            return None
        if a.status in (502, 503) or a.code in ("111", "132"):
            return None
        if a.status != 200 or a.code is not None and a.code not in NOT:
            raise Failure(f"{self.name}: {kind}: {a}")
        return a.code is None or a.code in WELL
