# SPDX-License-Identifier: Apache-2.0
"""WBXML as ActiveSync uses it (MS-ASWBXML): element tree, strict decoder, encoder, and tools to spoil bytes.

The only thing shared with the module is the token table itself, read at run time.

    from easlib.wbxml import AirSync as A
    A.Sync(A.Collections(A.Collection(A.SyncKey("0"), A.CollectionId("3"))))

A tag is called with children, text (str, int, bool), bytes (opaque), lists of these, or None (left out).
"""
import csv
import os
import re

TABLE = os.environ.get("EAS_CODEPAGES") or os.path.join(
    os.path.dirname(__file__), "..", "..", "..", "mod_eas", "tbl", "eas-codepages.tsv")

SWITCH_PAGE, END, STR_I, OPAQUE = 0x00, 0x01, 0x03, 0xC3
HEADER = b"\x03\x01\x6a\x00"
NEVER = {0x02, 0x04, 0x40, 0x41, 0x42, 0x43, 0x44, 0x80, 0x81, 0x82, 0x83, 0x84, 0xC0, 0xC1, 0xC2, 0xC4}
MAX_DEPTH = 64

VERSIONS = ("2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1")


class WbxmlError(ValueError):
    """The bytes are not what ActiveSync allows."""


class Row:
    """One row of the token table."""
    __slots__ = ("page", "page_name", "token", "tag", "since", "until", "type")

    def __init__(self, r):
        self.page, self.page_name = int(r["page"]), r["page_name"]
        self.token, self.tag = int(r["token"], 16), r["tag"]
        self.since, self.until = float(r["min_version"]), float(r["max_version"] or 99)
        self.type = r["type"]

    @property
    def name(self):
        return f"{self.page_name}:{self.tag}"


def _load():
    with open(TABLE, encoding="utf-8", newline="") as f:
        return [Row(r) for r in csv.DictReader(f, delimiter="\t")]


ROWS = _load()
BY_TOKEN = {(r.page, r.token): r for r in ROWS}
BY_NAME = {r.name: r for r in ROWS}
PAGE_NUMBER = {r.page_name: r.page for r in ROWS}


class El:
    """An element: qualified name ("AirSync:Sync"), children, or a value (str text, bytes opaque)."""
    __slots__ = ("name", "children", "value")

    def __init__(self, name, *content):
        if name not in BY_NAME:
            raise KeyError(name)
        self.name, self.children, self.value = name, [], None
        self._take(content)

    def _take(self, content):
        for c in content:
            if c is None:
                continue
            if isinstance(c, El):
                self.children.append(c)
            elif isinstance(c, (list, tuple)):
                self._take(c)
            elif isinstance(c, (bytes, bytearray)):
                self.value = (self.value or b"") + bytes(c)
            else:
                text = str(int(c)) if isinstance(c, bool) else str(c)
                if text:
                    self.value = (self.value or "") + text

    # ---- reading -------------------------------------------------------------------------------
    @property
    def page(self):
        return self.name.split(":", 1)[0]

    @property
    def tag(self):
        return self.name.split(":", 1)[1]

    @property
    def text(self):
        v = self.value
        return "" if v is None else v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else v

    def _is(self, want):
        return want == "*" or self.name == want or (":" not in want and self.tag == want)

    def all(self, path):
        """All elements below, e.g. all("Collections/Collection/Commands/Email:Add")."""
        here = [self]
        for step in path.split("/"):
            here = [c for e in here for c in e.children if c._is(step)]
        return here

    def get(self, path):
        """The first element of that path, or None."""
        found = self.all(path)
        return found[0] if found else None

    def val(self, path, default=None):
        """The text of the first element of that path."""
        e = self.get(path)
        return default if e is None else e.text

    def __getitem__(self, path):
        e = self.get(path)
        if e is None:
            raise KeyError(f"no {path} in {self}")
        return e

    def __contains__(self, path):
        return self.get(path) is not None

    def __iter__(self):
        return iter(self.children)

    def walk(self):
        yield self
        for c in self.children:
            yield from c.walk()

    def copy(self):
        e = El(self.name)
        e.value, e.children = self.value, [c.copy() for c in self.children]
        return e

    def __eq__(self, other):
        return (isinstance(other, El) and self.name == other.name and self.value == other.value
                and self.children == other.children)

    __hash__ = None

    def __repr__(self):
        return self.show(flat=True)

    def show(self, indent=0, page=None, flat=False):
        """XML-like print, page prefix only where it changes."""
        name = self.tag if self.page == page else self.name
        pad = "" if flat else "  " * indent
        if self.children:
            nl = "" if flat else "\n"
            inner = nl.join(c.show(indent + 1, self.page, flat) for c in self.children)
            return f"{pad}<{name}>{nl}{inner}{nl}{pad}</{name}>"
        if self.value is None:
            return f"{pad}<{name}/>"
        v = f"[opaque {self.value.hex()}]" if isinstance(self.value, bytes) else self.value
        return f"{pad}<{name}>{v}</{name}>"


class Page:
    """Builder of one code page: AirSync.Sync(...)."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, tag):
        if tag.startswith("__"):
            raise AttributeError(tag)
        name = f"{self._name}:{tag}"
        if name not in BY_NAME:
            raise AttributeError(name)
        return lambda *content: El(name, *content)


globals().update({name: Page(name) for name in PAGE_NUMBER})


# ---- encoder -----------------------------------------------------------------------------------
def mb_u_int32(n):
    out = [n & 0x7F]
    while n > 0x7F:
        n >>= 7
        out.append(0x80 | (n & 0x7F))
    return bytes(reversed(out))


def opaque(data):
    return bytes([OPAQUE]) + mb_u_int32(len(data)) + data


def string(text):
    return bytes([STR_I]) + text.encode("utf-8", "surrogateescape") + b"\0"


def encode(root, header=HEADER, redundant=False, split=0):
    """Element -> bytes. redundant: SWITCH_PAGE before each tag and content bit on empty tags (legal, unusual);
    split: cut texts into pieces of that many characters (legal: pieces are to be joined)."""
    out, page = bytearray(header), 0

    def put(e):
        nonlocal page
        row = BY_NAME[e.name]
        if row.page != page or redundant:
            out.extend((SWITCH_PAGE, row.page))
            page = row.page
        if not e.children and e.value is None:
            out.extend((row.token | 0x40, END) if redundant else (row.token,))
            return
        out.append(row.token | 0x40)
        if isinstance(e.value, bytes):
            out.extend(opaque(e.value))
        elif e.value is not None:
            step = split or len(e.value)
            for i in range(0, len(e.value), step):
                out.extend(string(e.value[i:i + step]))
        for c in e.children:
            put(c)
        out.append(END)

    put(root)
    return bytes(out)


# ---- decoder -----------------------------------------------------------------------------------
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


class _Reader:
    def __init__(self, data):
        self.data, self.pos = data, 0

    def byte(self):
        if self.pos >= len(self.data):
            raise WbxmlError(f"ends too early at {self.pos}")
        self.pos += 1
        return self.data[self.pos - 1]

    def number(self):
        n = 0
        for i in range(5):
            b = self.byte()
            n = n << 7 | b & 0x7F
            if not b & 0x80:
                if n > 0xFFFFFFFF:
                    raise WbxmlError("number over 32 bits")
                return n
        raise WbxmlError("number over 5 bytes")

    def take(self, n):
        if n > len(self.data) - self.pos:
            raise WbxmlError(f"opaque of {n} bytes, {len(self.data) - self.pos} left")
        self.pos += n
        return self.data[self.pos - n:self.pos]

    def inline(self):
        end = self.data.find(b"\0", self.pos)
        if end < 0:
            raise WbxmlError("string without NUL")
        raw = self.take(end - self.pos)
        self.pos += 1
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as e:
            raise WbxmlError(f"not UTF-8: {e}") from None
        bad = _FORBIDDEN.search(text)
        if bad:
            raise WbxmlError(f"character U+{ord(bad.group()):04X} is not allowed in XML")
        return text


def decode(data):
    """bytes -> element; anything that ActiveSync forbids raises WbxmlError."""
    r = _Reader(data)
    if r.byte() != 0x03:
        raise WbxmlError("version is not 1.3")
    if r.number() != 1:
        raise WbxmlError("public id is not 1")
    if r.number() != 0x6A:
        raise WbxmlError("charset is not UTF-8")
    if r.number() != 0:
        raise WbxmlError("string table is not empty")
    page, stack, root = 0, [], None
    while root is None or stack:
        b = r.byte()
        if b == SWITCH_PAGE:
            page = r.byte()
            if page not in PAGE_NUMBER.values():
                raise WbxmlError(f"unknown page {page}")
        elif b == END:
            if not stack:
                raise WbxmlError("END without element")
            stack.pop()
        elif b in (STR_I, OPAQUE):
            if not stack:
                raise WbxmlError("text outside of an element")
            e = stack[-1]
            if e.children:
                raise WbxmlError(f"text beside children in {e.name}")
            piece = r.inline() if b == STR_I else r.take(r.number())
            if e.value is not None and type(e.value) is not type(piece):
                raise WbxmlError(f"string and opaque mixed in {e.name}")
            e.value = piece if e.value is None else e.value + piece
        elif b in NEVER or b & 0x80:
            raise WbxmlError(f"byte {b:#04x} at {r.pos - 1} is never used")
        else:
            row = BY_TOKEN.get((page, b & 0x3F))
            if row is None:
                raise WbxmlError(f"unknown token {page}/{b & 0x3F:#04x}")
            e = El(row.name)
            if stack:
                if stack[-1].value is not None:
                    raise WbxmlError(f"child beside text in {stack[-1].name}")
                stack[-1].children.append(e)
            if b & 0x40:
                stack.append(e)
                if len(stack) > MAX_DEPTH:
                    raise WbxmlError("too deep")
            root = root or e
    if r.pos != len(data):
        raise WbxmlError(f"{len(data) - r.pos} bytes after the end")
    return root


# ---- schema facts that hold for every answer -----------------------------------------------------
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
_COMPACT = re.compile(r"\d{8}T\d{6}Z")
_INT = re.compile(r"-?\d+")
_LEXICAL = {
    "integer": _INT, "unsignedByte": re.compile(r"\d{1,3}"), "boolean": re.compile("[01]"), "dateTime": _DATE,
    "compactDateTime": _COMPACT, "double": re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?"),
    "base64": re.compile(r"[A-Za-z0-9+/]*={0,2}"), "timezone": re.compile(r"[A-Za-z0-9+/]{230}=="),
}
_ANY_DATE = re.compile(f"({_DATE.pattern})|({_COMPACT.pattern})")
# A source that is no text can only go as opaque, in 2.5 as later.
_MAY_BE_OPAQUE = {"Email:MIMEData"}
# MeetingRequest takes punctuated dates under page Email; its UID and 16.x InstanceId differ by context.
_BOTH_DATES = {"AirSyncBase:InstanceId", "Email:Until"}


def faults(root, version):
    """What in an answer contradicts the token table: tags outside the version, values of the wrong form."""
    bad, v = [], float(version)
    for e in root.walk():
        row = BY_NAME[e.name]
        # the root follows from the command, and an answer to one that is gone still needs it
        if not row.since <= v <= row.until and e is not root:
            bad.append(f"{e.name} does not exist in {version}")
        if e.value is None:
            continue
        if row.type == "opaque" and not isinstance(e.value, bytes):
            bad.append(f"{e.name} is a string, must be opaque")
        if isinstance(e.value, bytes) and row.type not in ("opaque", "stringOrOpaque") and e.name not in _MAY_BE_OPAQUE:
            bad.append(f"{e.name} is opaque, must be a string")
        if row.type in ("container", "empty") and not (e.name == "Provision:Data" and v < 12):  # 2.5: WAP XML as text
            bad.append(f"{e.name} has text {e.text[:40]!r}")
        want = _ANY_DATE if e.name in _BOTH_DATES else _LEXICAL.get(row.type)
        if want and not want.fullmatch(e.text.replace("\n", "").replace("\r", "")):
            bad.append(f"{e.name} is {e.text[:60]!r}, not a {row.type}")
    return bad


# ---- tools to spoil ------------------------------------------------------------------------------
def nest(depth, name="AirSync:Sync"):
    """A document of that many open elements, closed again."""
    t = BY_NAME[name]
    return HEADER + bytes((SWITCH_PAGE, t.page)) + bytes([t.token | 0x40]) * depth + bytes([END]) * depth


def spoiled(doc):
    """(name, bytes) of documents no server may accept, each one fault away from a good one."""
    good = encode(doc)
    first = good[4:]
    yield "empty header", b""
    yield "header only", HEADER
    yield "cut in the middle", good[:len(good) // 2]
    yield "last END missing", good[:-1]
    yield "version 4", b"\x04" + good[1:]
    yield "charset latin1", b"\x03\x01\x04\x00" + first
    yield "charset utf-16", b"\x03\x01\x87\x77\x00" + first
    yield "string table", b"\x03\x01\x6a\x05abcd\x00" + first
    yield "string table longer than body", b"\x03\x01\x6a\x8f\xff\xff\xff\x7f" + first
    yield "number of six bytes", b"\x03\x01\x6a\x80\x80\x80\x80\x80\x00" + first
    yield "unknown page 26", HEADER + b"\x00\x1a\x45\x01"
    yield "unknown page 255", HEADER + b"\x00\xff\x45\x01"
    yield "unknown token", HEADER + b"\x00\x00\x7f\x01"
    yield "attributes", HEADER + bytes([good[4] | 0x80]) + good[5:]
    yield "two roots", good + first
    yield "rubbish behind", good + b"\x99\x99"
    yield "END first", HEADER + b"\x01" + first
    yield "text at top", HEADER + string("x") + first
    for b in (0x02, 0x04, 0x40, 0x43, 0x44, 0x80, 0x82, 0x83, 0x84, 0xC0, 0xC2, 0xC4):
        yield f"token {b:#04x}", good[:-1] + bytes([b]) + b"\x01\x00\x01"
    yield "opaque longer than body", good[:-1] + b"\xc3\x84\x80\x80\x80\x00\x01"
    yield "opaque of 4 GB", good[:-1] + b"\xc3\x8f\xff\xff\xff\x7f"
    yield "string without NUL", good[:-1] + b"\x03abc"
    yield "not wbxml", b"<?xml version='1.0'?><Sync/>"
    yield "zeros", bytes(64)
    yield "too deep", nest(2000)
