# SPDX-License-Identifier: Apache-2.0
"""Autodiscover through httpd: letter case, credentials, the user's own name, and the address it leads to."""
import base64
import json
import xml.etree.ElementTree as ET
from urllib.parse import urlsplit

from easlib.client import Device, Server
from easlib.mark import rows

from test_t01_usmctl import ctl

NS = "http://schemas.microsoft.com/exchange/autodiscover/"
MOBILE = NS + "mobilesync/responseschema/2006"
OUTLOOK = NS + "outlook/responseschema/2006a"


def ask(site, user, body=None, path="/autodiscover/autodiscover.xml", method="POST", tls=False, password=None):
    where = site.eas_tls if tls else site.eas
    conn = where.connect(30)
    headers = {"Content-Type": "text/xml"}
    if user:
        secret = f"{user.name}:{password or user.password}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(secret).decode()
    conn.request(method, path, body, headers)
    r = conn.getresponse()
    data = r.read()
    conn.close()
    return r, data


def question(address, schema=MOBILE):
    return (f'<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="{NS}mobilesync/requestschema/2006"><Request>'
            f"<EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>{schema}</AcceptableResponseSchema>"
            "</Request></Autodiscover>").encode()


@rows("path", [(p, p) for p in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml",
                                "/AutoDiscover/AutoDiscover.XML")])
def test_leads_to_the_server(site, user, path):
    """The address in the answer is one at which the same credentials work."""
    r, data = ask(site, user, question("someone@else.example"), path, tls=True)
    assert r.status == 200 and r.getheader("Content-Type").startswith("text/xml")
    doc = ET.fromstring(data)
    found = {e.tag: e.text for e in doc.iter()}
    assert found[f"{{{MOBILE}}}EMailAddress"] == user.address and found[f"{{{MOBILE}}}Type"] == "MobileSync"
    assert found[f"{{{MOBILE}}}Culture"] == "en:us"
    url = urlsplit(found[f"{{{MOBILE}}}Url"])
    assert url.scheme == "https" and found[f"{{{MOBILE}}}Name"] == found[f"{{{MOBILE}}}Url"]
    assert url.port == site.httpd.tls
    d = Device(Server("127.0.0.1", url.port, tls=True, path=url.path), user.name, user.password, "16.1")
    assert d.options().status == 200
    d.close()


def test_outlook_gets_its_error(site, user):
    r, data = ask(site, user, question(user.address, OUTLOOK))
    assert r.status == 200
    (error,) = [e for e in ET.fromstring(data).iter() if e.tag.endswith("}Error")]
    assert error.get("Id") and error.get("Time") and error[0].text == "601"


def test_credentials(site, user, log):
    log.allow_auth_failures()
    assert ask(site, None, question(user.address))[0].status == 401
    r, data = ask(site, user, question(user.address), password="wrong")
    assert r.status == 401 and r.getheader("WWW-Authenticate").startswith("Basic") and b"Settings" not in data


def test_not_enabled(site, no_eas_user, log):
    log.allow_refusals()
    assert ask(site, no_eas_user, question(no_eas_user.address))[0].status == 403


def test_outage_asks_for_no_password(site, user, log):
    log.allow_outage()
    r, _ = ask(site, user, question(user.address), "/dead/autodiscover/autodiscover.xml")
    assert r.status == 503 and r.getheader("Retry-After")


def test_too_long(site, user, log):
    log.allow_limits()
    assert ask(site, user, question("x" * 70000))[0].status == 413


@rows("path", [(p, p) for p in ("/autodiscover/autodiscover.json?Email=a%40b.c&Protocol=ActiveSync&RedirectCount=1",
                                "/AutoDiscover/AutoDiscover.json/v1.0/a@b.c?Protocol=activesync")])
def test_json(site, path):
    r, data = ask(site, None, None, path, "GET", tls=True)
    assert r.status == 200 and r.getheader("Content-Type").startswith("application/json")
    doc = json.loads(data)
    assert doc["Protocol"] == "ActiveSync" and urlsplit(doc["Url"]).path == "/Microsoft-Server-ActiveSync"


def test_json_error(site):
    r, data = ask(site, None, None, "/autodiscover/autodiscover.json?Protocol=%22%3Cscript%3E", "GET")
    assert r.status == 400 and json.loads(data)["ErrorCode"] == "InvalidProtocol" and b"script" not in data


def test_leaves_no_device(site, user):
    """It is a question, not a device that syncs."""
    assert ask(site, user, question(user.address))[0].status == 200
    assert "autodiscover" not in ctl("devices", "--store", site.store_url)[0]
