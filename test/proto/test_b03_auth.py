# SPDX-License-Identifier: Apache-2.0
"""Who may come in, and what an outage looks like (MS-ASHTTP 2.2.2.1; status 126)."""
import pytest

from easlib.client import Device, expect
from easlib.mark import every


def test_no_credentials(phone):
    d = phone("14.1", ready=False).device
    a = d.cmd("FolderSync", b"", auth=False)
    assert a.status == 401 and a.header("WWW-Authenticate", "").startswith('Basic realm="')


@every()
def test_wrong_password(site, user, version, log):
    log.allow_auth_failures()
    d = Device(site.eas, user.name, "not " + user.password, version)
    a = d.foldersync()
    assert a.status == 401 and a.header("WWW-Authenticate", "").startswith('Basic realm="')


def test_unknown_user(site, log):
    log.allow_auth_failures()
    assert Device(site.eas, "nobody-at-all", "x").foldersync().status == 401


@pytest.mark.parametrize("header", ["Basic", "Basic !!!!", "Basic YQ==", "Bearer abc", "Basic " + "QUFB" * 1500])
def test_broken_authorization(site, header, log):
    log.allow_auth_failures()
    d = Device(site.eas, "a", "b")
    assert d.http("POST", d.target("FolderSync"), {"Authorization": header, "MS-ASProtocolVersion": "14.1"},
                  b"", auth=False).status in (400, 401)


def test_clear_text_is_refused_where_tls_is_required(site, user, log):
    log.allow_refusals()
    for d in (Device(site.eas_tls_only, user.name, user.password), Device(site.eas_tls_only, "x", "y")):
        assert d.options().status == 403


@pytest.mark.parametrize("charset", ["utf-8", "latin-1"])
def test_fm52_password_with_umlauts(site, umlaut_user, charset):
    d = Device(site.eas, umlaut_user.name, umlaut_user.password, "14.1", charset=charset)
    assert d.options().status == 200


def test_mail_address_or_domain_in_query_does_not_matter(phone):
    r = phone("14.1", ready=False)
    for name in ("somebody@else.example", "DOMAIN\\" + r.device.user, ""):
        r.device.query_user = name
        r.device.provision()


@every()
def test_user_without_capability(site, no_eas_user, version, log):
    log.allow_refusals()
    d = Device(site.eas, no_eas_user.name, no_eas_user.password, version)
    expect(d.foldersync(), 126, 403)


def test_user_without_capability_gets_no_options(site, no_eas_user, log):
    log.allow_refusals()
    assert Device(site.eas, no_eas_user.name, no_eas_user.password).options().status in (200, 403)


@every()
def test_ox_down_is_503_never_401(site, user, version, log):
    """A 401 would make every phone ask its owner for the password."""
    log.allow_outage()
    d = Device(site.eas_dead, user.name, user.password, version)
    for a in (d.options(), d.foldersync()):
        assert a.status == 503 and int(a.header("Retry-After")) > 0, a


@every()
def test_database_down_is_503(site, user, version, log):
    """Neither a password prompt nor an empty mailbox; the log says in one numbered line what to look at."""
    log.allow("state database|database|store|EAS000|USM00")
    for server in site.eas_no_store:
        d = Device(server, user.name, user.password, version)
        for a in (d.options(), d.foldersync()):
            assert a.status == 503 and int(a.header("Retry-After")) > 0, a
    assert any("EAS0" in line and "database" in line for line in log.lines()), log.lines()


def test_fm56_wrong_password_is_remembered(site, user, log):
    """The second try with the same wrong password does not reach OX."""
    log.allow_auth_failures()
    d = Device(site.eas, user.name, "wrong " + user.password)
    assert d.options().status == 401
    before = site.ox.count("login")
    assert d.options().status == 401
    assert site.ox.count("login") == before
    assert Device(site.eas, user.name, user.password).options().status == 200
