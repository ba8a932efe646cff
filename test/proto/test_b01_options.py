# SPDX-License-Identifier: Apache-2.0
"""OPTIONS: what the server says it speaks (MS-ASHTTP 2.2.4)."""
import re

from easlib.client import COMMAND_CODES, VERSIONS
from easlib.mark import rows

OTHERS = {"GetHierarchy", "CreateCollection", "DeleteCollection", "MoveCollection"}


def listed(answer, header):
    return [x.strip() for x in answer.header(header, "").split(",")]


def test_versions_are_exact_and_ascending(phone):
    """Android takes the last it knows, so the order is part of the promise."""
    a = phone("14.1", ready=False).device.options()
    assert a.status == 200 and a.body == b"" and a.header("Content-Length") == "0"
    assert listed(a, "MS-ASProtocolVersions") == list(VERSIONS)


def test_commands_are_known_names(phone):
    a = phone("14.1", ready=False).device.options()
    got = listed(a, "MS-ASProtocolCommands")
    assert len(got) == len(set(got)) and set(got) <= set(COMMAND_CODES) | OTHERS, got
    assert {"Sync", "SendMail", "FolderSync", "FolderCreate", "FolderDelete", "FolderUpdate", "GetItemEstimate",
            "Settings", "Ping", "Provision"} <= set(got)


def test_no_compression_of_empty_answer(phone):
    a = phone("14.1", ready=False).device.options(headers={"Accept-Encoding": "gzip, deflate"})
    assert a.header("Content-Encoding") is None and a.header("Content-Length") == "0"


@rows("query", [("none", None), ("outlook", "Cmd=Options&User=x&DeviceId=ABC&DeviceType=Outlook"),
                ("windows without Cmd", "User=x&DeviceId=ABC&DeviceType=WindowsMail")])
def test_query_does_not_matter(phone, query):
    assert phone("14.1", ready=False).device.options(query).status == 200


def test_credentials_are_needed(phone):
    a = phone("14.1", ready=False).device.options(auth=False)
    assert a.status == 401
    assert re.fullmatch(r'Basic realm="[^"]+"(, *charset="?UTF-8"?)?', a.header("WWW-Authenticate")), a.headers


def test_path_in_any_case(phone):
    d = phone("14.1", ready=False).device
    for path in ("/microsoft-server-activesync", "/MICROSOFT-SERVER-ACTIVESYNC"):
        assert d.http("OPTIONS", path).status == 200, path
