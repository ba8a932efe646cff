# SPDX-License-Identifier: Apache-2.0
"""First hour of real clients, and the demo phone."""
import pytest

import phone as demo
from easlib.items import mime
from easlib.phones import PHONES, Player


@pytest.mark.parametrize("p", PHONES, ids=lambda p: p.name)
def test_first_hour(site, user, p):
    user.deliver(mime("b@example.org", user.address, "Willkommen"))
    user.new("contacts", last_name="Kontakt", display_name="Kontakt")
    player = Player(p, site.eas, user.name, user.password)
    r = player.run()
    assert r.faults == []
    assert r.texts(r.folder(2), "Email:Subject") == ["Willkommen"]


@pytest.mark.parametrize("version", ["2.5", "12.1", "14.1", "16.1"])
def test_demo_phone(site, user, other_user, version, capsys):
    held = demo.play(site.eas_tls, site.ox_address, user.name, user.password, other_user.name, other_user.password,
                     version)
    out = capsys.readouterr().out
    assert held, out
    assert "✗" not in out and out.count("✓") > 10
