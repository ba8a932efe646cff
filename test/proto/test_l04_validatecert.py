# SPDX-License-Identifier: Apache-2.0
"""ValidateCert (MS-ASCMD 2.2.1.22). Each finding has its row in test/unit/test_crypt_cert.c."""
import base64
import subprocess

import pytest

from easlib.mark import every
from easlib.wbxml import ValidateCert as V


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A certificate that nobody but itself speaks for."""
    path = tmp_path_factory.mktemp("cert") / "cert.der"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=Zoe", "-keyout", "/dev/null", "-outform", "DER", "-out", path], check=True,
                   stderr=subprocess.DEVNULL)
    return base64.b64encode(path.read_bytes()).decode()


def ask(d, *parts):
    a = d.cmd("ValidateCert", V.ValidateCert(*parts))
    assert a.status == 200, a
    return a.code, [e.val("Status") for e in a.doc.all("Certificate")]


@every()
def test_untrusted(phone, own, version):
    d = phone(version).device
    certs = V.Certificates(V.Certificate(own), V.Certificate("Unsinn!"), V.Certificate(""), V.Certificate("MAA="))
    assert ask(d, certs) == ("1", ["4", "10", "10", "10"])
    assert ask(d, V.CertificateChain(V.Certificate(own)), certs, V.CheckCRL("1")) == ("1", ["4", "10", "10", "10"])
    assert ask(d, V.CertificateChain(V.Certificate("x")), certs)[1][0] in ("4", "5")


@every()
def test_trusted(phone, site, own, version):
    """A location with a CA file of its own (EASCertCAFile)."""
    d = phone(version, server=site.cert).device
    assert ask(d, V.Certificates(V.Certificate(own))) == ("1", ["4"])
    with open(site.cert_trusted, "rb") as f:
        lines = [line for line in f.read().decode().splitlines() if "-----" not in line]
    assert ask(d, V.Certificates(V.Certificate("\n".join(lines)))) == ("1", ["1"])
    assert ask(d, V.Certificates(V.Certificate("".join(lines))), V.CheckCRL()) == ("1", ["16"])


@every()
def test_bad(phone, own, version):
    d = phone(version).device
    for parts in ((), (V.Certificates(),), (V.CertificateChain(V.Certificate(own)),),
                  (V.Certificates(*[V.Certificate("x")] * 101),),
                  (V.Certificates(V.Certificate(own)), V.CheckCRL("vielleicht")),
                  (V.Certificates(V.Certificate(own)), V.Certificates(V.Certificate(own)))):
        assert ask(d, *parts) == ("2", []), parts
    assert len(ask(d, V.Certificates(*[V.Certificate("x")] * 100))[1]) == 100
