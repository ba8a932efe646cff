# SPDX-License-Identifier: Apache-2.0
"""HTTP side of the test phone: one Device speaks one protocol version in one of the two query forms.

Every answer is held against what no ActiveSync answer may break (class Answer); a test need not repeat that.
"""
import base64
import gzip
import http.client
import itertools
import socket
import ssl
import struct
from urllib.parse import quote, urlencode

from . import elements, wbxml
from .wbxml import (AirSync, ComposeMail, El, FolderHierarchy, GetItemEstimate, ItemOperations, Ping, Provision, Settings,
                    VERSIONS)

PATH = "/Microsoft-Server-ActiveSync"
WBXML = "application/vnd.ms-sync.wbxml"
MULTIPART = "application/vnd.ms-sync.multipart"
COMMAND_CODES = {
    "Sync": 0, "SendMail": 1, "SmartForward": 2, "SmartReply": 3, "GetAttachment": 4, "FolderSync": 9,
    "FolderCreate": 10,
    "FolderDelete": 11, "FolderUpdate": 12, "MoveItems": 13, "GetItemEstimate": 14, "MeetingResponse": 15, "Search": 16,
    "Settings": 17, "Ping": 18, "ItemOperations": 19, "Provision": 20, "ResolveRecipients": 21, "ValidateCert": 22,
    "Find": 23}
PARAMETER_TAGS = {"AttachmentName": 0, "CollectionId": 1, "ItemId": 3, "LongId": 4, "Occurrence": 6, "User": 8}
_serial = itertools.count(1)


class ProtocolFault(AssertionError):
    """The answer breaks the protocol, whatever the test asked."""


class Answer:
    """An HTTP answer, its document decoded when it is WBXML."""

    def __init__(self, status, headers, body, version, method):
        self.status, self.headers, self.body, self.version = status, headers, body, version
        self.doc, self.parts = None, None
        if method == "POST" and status == 200:
            self._hold()

    def header(self, name, default=None):
        return next((v for k, v in self.headers if k.lower() == name.lower()), default)

    def _hold(self):
        kind, coding = self.header("Content-Type"), self.header("Content-Encoding")
        if not self.body:
            if self.header("Content-Length") != "0":
                raise ProtocolFault(f"empty answer without Content-Length 0: {self.headers}")
            if coding:
                raise ProtocolFault("empty answer with Content-Encoding")
            return
        if coding == "gzip":
            self.body = gzip.decompress(self.body)
            if not self.body:
                raise ProtocolFault("empty answer was compressed")
        if not kind:
            raise ProtocolFault("answer with body but without Content-Type")
        if kind not in (WBXML, MULTIPART):
            return
        if kind == MULTIPART:
            self.parts = self._parts()
        try:
            self.doc = wbxml.decode(self.parts[0] if self.parts else self.body)
        except wbxml.WbxmlError as e:
            raise ProtocolFault(f"answer does not decode: {e}: {self.body[:200].hex()}") from None
        bad = wbxml.faults(self.doc, self.version)
        if float(self.version) < 14:
            bad += [f"{e.name} {e.text} before 14.0" for e in self.doc.walk()
                    if e.tag == "Status" and e.page != "Email" and e.text.isdigit() and int(e.text) > 100]
        if bad:
            raise ProtocolFault("; ".join(bad) + "\n" + self.doc.show())

    def _parts(self):
        """The parts of a multipart answer (MS-ASCMD 2.2.1.10.1.1): each byte belongs to one of them, in order."""
        (count,) = struct.unpack_from("<I", self.body)
        rows = [struct.unpack_from("<II", self.body, 4 + 8 * i) for i in range(count)]
        at = 4 + 8 * count
        for offset, length in rows:
            if offset != at:
                raise ProtocolFault(f"a part begins at {offset}, not at {at}")
            at += length
        if not count or at != len(self.body):
            raise ProtocolFault(f"{count} parts end at {at} of {len(self.body)}")
        return [self.body[o:o + n] for o, n in rows]

    @property
    def code(self):
        """The document's own top-level Status, or None."""
        return self.doc.val("Status") if self.doc is not None else None

    def __repr__(self):
        what = self.doc.show() if self.doc is not None else self.body[:300]
        return f"<{self.status} {dict(self.headers).get('Content-Type')}\n{what}>"


class Server:
    """Where the tested server listens."""

    def __init__(self, host, port, tls=False, path=PATH):
        self.host, self.port, self.tls, self.path = host, port, tls, path

    def connect(self, timeout):
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        ctx = ssl.create_default_context()
        ctx.check_hostname, ctx.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection(self.host, self.port, timeout=timeout, context=ctx)


def unique(prefix):
    """A name no other call of this run has made."""
    return f"{prefix}{next(_serial):05d}"


class Device:
    """One phone of one user. query: "plain" or "base64" (12.1+). Attributes may be changed at any time."""

    def __init__(self, server, user, password, version="14.1", device_id=None, device_type="SmartPhone",
                 agent="EASTest/1.0", query="plain", keepalive=True, charset="utf-8", timeout=30):
        self.server, self.user, self.password, self.version = server, user, password, version
        self.device_id = device_id or unique("TESTDEV")
        self.device_type, self.agent, self.query = device_type, agent, query
        self.keepalive, self.charset, self.timeout = keepalive, charset, timeout
        self.policy_key = "0"
        self.query_user = user
        self._conn = None

    @property
    def v(self):
        return float(self.version)

    # ---- the wire -----------------------------------------------------------------------------
    def close(self):
        if self._conn:
            self._conn.close()
            self._conn = None

    def http(self, method, target, headers=None, body=None, auth=True, timeout=None):
        """Any request; returns Answer. A kept connection that the server closed meanwhile is opened again once."""
        send = {"User-Agent": self.agent} if self.agent else {}
        if auth:
            pair = f"{self.user}:{self.password}".encode(self.charset)
            send["Authorization"] = "Basic " + base64.b64encode(pair).decode()
        send.update(headers or {})
        if not self.keepalive:
            send["Connection"] = "close"
        fresh = self._conn is None
        while True:
            if self._conn is None:
                self._conn = self.server.connect(timeout or self.timeout)
            elif self._conn.sock:
                self._conn.sock.settimeout(timeout or self.timeout)
            try:
                self._conn.request(method, target, body, {k: v for k, v in send.items() if v is not None})
                r = self._conn.getresponse()
                data = r.read()
                break
            except socket.timeout:
                self.close()
                raise
            except (http.client.HTTPException, OSError):
                self.close()
                if fresh:
                    raise
                fresh = True
        headers = r.getheaders()
        if not self.keepalive or r.will_close:
            self.close()
        return Answer(r.status, headers, data, self.version, method)

    def plain_query(self, cmd, params=()):
        return urlencode([("Cmd", cmd), ("User", self.query_user), ("DeviceId", self.device_id),
                          ("DeviceType", self.device_type), *params], quote_via=quote)

    def base64_fields(self, cmd, params=()):
        """The bytes behind a base64 query (MS-ASHTTP 2.2.1.1.1.1)."""
        did = self.device_id if isinstance(self.device_id, bytes) else self.device_id.encode()
        key = struct.pack("<I", int(self.policy_key)) if self.policy_key not in ("0", None) else b""
        kind = self.device_type.encode()
        out = struct.pack("<BBH", round(self.v * 10), COMMAND_CODES[cmd], 0x0409)
        for field in (did, key, kind):
            out += bytes([len(field)]) + field
        options = 0
        for name, value in params:
            if name in ("SaveInSent", "AcceptMultiPart"):
                options |= (1 if name == "SaveInSent" else 2) if value == "T" else 0
            else:
                out += bytes([PARAMETER_TAGS[name], len(value.encode())]) + value.encode()
        return out + (bytes([7, 1, options]) if options else b"")

    def target(self, cmd, params=()):
        if self.query == "base64":
            return self.server.path + "?" + base64.b64encode(self.base64_fields(cmd, params)).decode()
        return self.server.path + "?" + self.plain_query(cmd, params)

    def headers(self, cmd):
        if self.query == "base64":
            return {}
        h = {"MS-ASProtocolVersion": self.version}
        if cmd not in ("Ping", "OPTIONS"):
            h["X-MS-PolicyKey"] = self.policy_key
        return h

    def cmd(self, cmd, doc=None, params=(), kind=WBXML, headers=None, timeout=None, auth=True):
        """POST one command; doc is an element, bytes, or None for an empty body."""
        body = wbxml.encode(doc) if isinstance(doc, El) else doc
        h = self.headers(cmd)
        if body is not None:
            h["Content-Type"] = kind
        h.update(headers or {})
        answer = self.http("POST", self.target(cmd, params), h, body if body is not None else b"", auth, timeout)
        elements.note(cmd, self, doc if kind == WBXML else None, answer)
        return answer

    # ---- commands -----------------------------------------------------------------------------
    def options(self, query=None, **kw):
        return self.http("OPTIONS", self.server.path + ("?" + query if query else ""), **kw)

    def device_information(self, model="Test phone"):
        fields = [Settings.Model(model), Settings.IMEI("490154203237518"), Settings.FriendlyName("Phone of a test"),
                  Settings.OS("TestOS 1.0"), Settings.OSLanguage("English"), Settings.PhoneNumber("+4930123456")]
        if self.v >= 12.1:
            fields.append(Settings.UserAgent(self.agent))
        if self.v >= 14:
            fields += [Settings.EnableOutboundSMS("0"), Settings.MobileOperator("Test")]
        return Settings.DeviceInformation(Settings.Set(*fields))

    @property
    def policy_type(self):
        return "MS-WAP-Provisioning-XML" if self.v < 12 else "MS-EAS-Provisioning-WBXML"

    def provision_1(self, information=True):
        """First phase: ask for the policy."""
        return self.cmd("Provision", Provision.Provision(
            self.device_information() if information and self.v >= 14.1 else None,
            Provision.Policies(Provision.Policy(Provision.PolicyType(self.policy_type)))))

    def provision_2(self, key, status="1"):
        """Second phase: acknowledge with the temporary key in header and body."""
        self.policy_key = key
        return self.cmd("Provision", Provision.Provision(Provision.Policies(Provision.Policy(
            Provision.PolicyType(self.policy_type), Provision.PolicyKey(key), Provision.Status(status)))))

    def provision(self):
        """Both phases; leaves the final key in the device and returns the two answers."""
        self.policy_key = "0"
        one = self.provision_1()
        if one.doc is None or one.code != "1":
            raise ProtocolFault(f"Provision phase 1: {one}")
        policy = one.doc["Policies/Policy"]
        if policy.val("Status") != "1" or "Data" not in policy:
            raise ProtocolFault(f"Provision phase 1: {one}")
        two = self.provision_2(policy.val("PolicyKey"))
        if two.code != "1" or two.doc.val("Policies/Policy/Status") != "1":
            raise ProtocolFault(f"Provision phase 2: {two}")
        self.policy_key = two.doc.val("Policies/Policy/PolicyKey")
        return one, two

    def settings(self, *parts):
        return self.cmd("Settings", Settings.Settings(*parts))

    def settings_device(self):
        return self.settings(self.device_information())

    def settings_userinfo(self):
        return self.settings(Settings.UserInformation(Settings.Get()))

    def foldersync(self, key="0"):
        return self.cmd("FolderSync", FolderHierarchy.FolderSync(FolderHierarchy.SyncKey(key)))

    def folder_create(self, key, parent, name, kind):
        return self.cmd("FolderCreate", FolderHierarchy.FolderCreate(
            FolderHierarchy.SyncKey(key), FolderHierarchy.ParentId(parent), FolderHierarchy.DisplayName(name),
            FolderHierarchy.Type(kind)))

    def folder_update(self, key, server_id, parent, name):
        return self.cmd("FolderUpdate", FolderHierarchy.FolderUpdate(
            FolderHierarchy.SyncKey(key), FolderHierarchy.ServerId(server_id), FolderHierarchy.ParentId(parent),
            FolderHierarchy.DisplayName(name)))

    def folder_delete(self, key, server_id):
        return self.cmd("FolderDelete", FolderHierarchy.FolderDelete(
            FolderHierarchy.SyncKey(key), FolderHierarchy.ServerId(server_id)))

    def getitemestimate(self, *rows):
        """rows: (collection id, key, class, filter or None)."""
        def collection(cid, key, cls, filt):
            if self.v >= 14:
                options = AirSync.Options(AirSync.FilterType(filt), AirSync.Class(cls)) if filt is not None else None
                return GetItemEstimate.Collection(AirSync.SyncKey(key), GetItemEstimate.CollectionId(cid), options)
            return GetItemEstimate.Collection(
                GetItemEstimate.Class(cls), GetItemEstimate.CollectionId(cid),
                AirSync.FilterType(filt) if filt is not None else None, AirSync.SyncKey(key))
        return self.cmd("GetItemEstimate", GetItemEstimate.GetItemEstimate(
            GetItemEstimate.Collections([collection(*r) for r in rows])))

    def collection(self, key, cid, cls=None, supported=None, deletes_as_moves=None, get_changes=None, window=None,
                   conversation=None, options=None, commands=None):
        """A Collection of a Sync request in the order MS-ASCMD demands."""
        return AirSync.Collection(
            AirSync.Class(cls) if cls and self.v < 14 else None, AirSync.SyncKey(key), AirSync.CollectionId(cid),
            AirSync.Supported(*supported) if supported is not None else None,
            AirSync.DeletesAsMoves(deletes_as_moves) if deletes_as_moves is not None else None,
            AirSync.GetChanges(get_changes) if get_changes is not None else None,
            AirSync.WindowSize(window) if window is not None else None,
            AirSync.ConversationMode(conversation) if conversation is not None else None,
            options, AirSync.Commands(*commands) if commands else None)

    def sync(self, *collections, wait=None, heartbeat=None, window=None, partial=False, timeout=None):
        """One Sync; collections are elements. Without any argument the body is empty (12.1+)."""
        if not collections and wait is heartbeat is window is None and not partial:
            return self.cmd("Sync", None, timeout=timeout)
        return self.cmd("Sync", AirSync.Sync(
            AirSync.Collections(*collections) if collections else None,
            AirSync.Wait(wait) if wait is not None else None,
            AirSync.HeartbeatInterval(heartbeat) if heartbeat is not None else None,
            AirSync.WindowSize(window) if window is not None else None,
            AirSync.Partial() if partial else None), timeout=timeout)

    def ping(self, folders=None, interval=None, timeout=None):
        """folders: list of (id, class). Neither: empty body."""
        if folders is None and interval is None:
            return self.cmd("Ping", None, timeout=timeout)
        return self.cmd("Ping", Ping.Ping(
            Ping.HeartbeatInterval(interval) if interval is not None else None,
            Ping.Folders([Ping.Folder(Ping.Id(i), Ping.Class(c)) for i, c in folders])
            if folders is not None else None),
            timeout=timeout)

    def itemoperations(self, *operations, multipart=False, headers=None, timeout=None):
        """operations are elements of page ItemOperations."""
        params = [("AcceptMultiPart", "T")] if multipart and self.query == "base64" else []
        headers = dict(headers or {}, **({"MS-ASAcceptMultiPart": "T"} if multipart and not params else {}))
        return self.cmd("ItemOperations", ItemOperations.ItemOperations(*operations), params, headers=headers,
                        timeout=timeout)

    def getattachment(self, name):
        return self.cmd("GetAttachment", None, [("AttachmentName", name)])

    def sendmail(self, mime, save=False, client_id=None):
        """The form the version asks for: message/rfc822 up to 12.1, ComposeMail from 14.0."""
        if self.v < 14:
            return self.cmd("SendMail", mime, [("SaveInSent", "T")] if save else [], "message/rfc822")
        return self.cmd("SendMail", ComposeMail.SendMail(
            ComposeMail.ClientId(client_id or unique("mail")), ComposeMail.SaveInSentItems() if save else None,
            ComposeMail.Mime(mime)))


def expect(answer, eas, http_status):
    """An error as the version words it: Status in the document from 14.0, HTTP status before."""
    if float(answer.version) >= 14:
        assert (answer.status, answer.code) == (200, str(eas)), answer
    else:
        assert answer.status == http_status, answer


def versions(first="2.5", last="16.1"):
    """The protocol versions from first to last."""
    return [v for v in VERSIONS if float(first) <= float(v) <= float(last)]
