# SPDX-License-Identifier: Apache-2.0
"""Marks shared by the test files."""
import pytest

from .client import versions


def every(first="2.5", last="16.1"):
    """Runs the test once per protocol version of the range; argument `version`."""
    return pytest.mark.parametrize("version", versions(first, last))


def rows(names, table):
    """Runs the test once per row of a table whose first column names it."""
    return pytest.mark.parametrize(names, [pytest.param(*r[1:], id=r[0].replace(" ", "-")) for r in table])
