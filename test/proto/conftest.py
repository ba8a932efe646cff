# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the protocol tests: one site for the run, users of its own for each test, the error log as a judge."""
import base64
import itertools
import os
import re

import pytest

from easlib import elements
from easlib.client import Device
from easlib.ox import OxUser
from easlib.replica import Replica
from easlib.seed import DOMAIN, PASSWORD, seed
from easlib.site import Site

_numbers = itertools.count(10)


def pytest_sessionfinish():
    elements.write()


@pytest.fixture(scope="session")
def site():
    s = Site(seed())
    yield s
    log = s.log()
    log.pos = 0
    code = s.stop()
    assert code == 0, f"httpd ended with {code}"


class User(OxUser):
    """A fresh user and what it holds in OX."""

    def __init__(self, site):
        name = f"u{next(_numbers):04d}"
        super().__init__(*site.ox_address, name, PASSWORD % name)
        self.site, self.address = site, f"{name}@{DOMAIN}"

    def deliver_aged(self, message, days):
        """A mail that has lain in the inbox for some days."""
        self.site.ox.control("module/mail", op="deliver", user=self.name, age_days=days,
                             raw64=base64.b64encode(message).decode())


@pytest.fixture
def user(site):
    return User(site)


@pytest.fixture
def other_user(site):
    return User(site)


@pytest.fixture
def third_user(site):
    return User(site)


@pytest.fixture
def umlaut_user(site, user):
    user.password = "päßwörd"
    site.ox.control("user", user=user.name, password=user.password)
    return user


@pytest.fixture
def no_eas_user(site, user):
    site.ox.control("user", user=user.name, caps={"active_sync": False, "usm": False})
    return user


@pytest.fixture(autouse=True)
def log(request):
    """Any line of level warn or worse that the test did not announce fails it, and so does a dead child."""
    if not {"site", "phone", "phone_14_1", "user"} & set(request.fixturenames):
        yield None
        return
    site = request.getfixturevalue("site")
    reader = site.log()
    yield reader
    assert not reader.faults(), "error log:\n" + "\n".join(reader.faults())
    assert site.httpd.child.running(), "httpd is gone:\n" + site.httpd.output()


# Of a file with CHRONOS, a pattern of tests, these run through OX's module chronos as well, for two versions. With
# EAS_CALENDAR=chronos all tests of all files do, and through that alone.
MODULES, MODULE_VERSIONS = ("calendar", "chronos"), ("14.1", "16.1")


def pytest_generate_tests(metafunc):
    pattern = getattr(metafunc.module, "CHRONOS", None)
    if pattern and "phone" in metafunc.fixturenames and "EAS_CALENDAR" not in os.environ and \
            re.search(pattern, metafunc.function.__name__):
        metafunc.parametrize("calendar_module", MODULES, indirect=True)


def pytest_collection_modifyitems(config, items):
    def wanted(item):
        params = getattr(item, "callspec", None) and item.callspec.params or {}
        return params.get("calendar_module") != "chronos" or params.get("version", "14.1") in MODULE_VERSIONS
    dropped = [i for i in items if not wanted(i)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [i for i in items if wanted(i)]


@pytest.fixture
def calendar_module(request):
    """Name of OX's module that calendars go through."""
    return getattr(request, "param", os.environ.get("EAS_CALENDAR", "calendar"))


@pytest.fixture
def phone(site, request, calendar_module):
    """phone(version, user=..., ready=True, **device): a Replica; ready means provisioned and with its folder list.

    At the end no phone may have met anything that a real one stumbles over."""
    made = []

    def make(version, user=None, ready=True, server=None, **device):
        u = user or request.getfixturevalue("user")
        if float(version) >= 12.1:
            device.setdefault("query", os.environ.get("EAS_QUERY", "plain"))
        server = server or (site.chronos if calendar_module == "chronos" else site.eas)
        r = Replica(Device(server, u.name, u.password, version, **device))
        made.append(r)
        if ready:
            r.device.provision()
            r.foldersync()
        return r
    yield make
    for r in made:
        r.device.close()
    assert not [f for r in made for f in r.faults]


@pytest.fixture(scope="module")
def phone_14_1(site):
    """One ready phone of 14.1 for all tests of a file that only send rubbish."""
    u = User(site)
    r = Replica(Device(site.eas, u.name, u.password, "14.1"))
    r.device.provision()
    r.foldersync()
    yield r
    r.device.close()
