# SPDX-License-Identifier: Apache-2.0
"""The shared wire captures: bytes and words of each pair agree."""
import pathlib

import pytest

from easlib import wbxml as w

PAIRS = sorted((pathlib.Path(__file__).parent.parent / "golden").glob("*.wbxml"))


def test_there_are_some():
    assert len(PAIRS) > 10


@pytest.mark.parametrize("path", PAIRS, ids=lambda p: p.stem)
def test_pair(path):
    raw = bytes.fromhex(path.read_text(encoding="ascii"))
    doc = w.decode(raw)
    with open(path.with_suffix(".txt"), encoding="utf-8", newline="") as f:
        assert doc.show() + "\n" == f.read()
    assert w.encode(doc) == raw
