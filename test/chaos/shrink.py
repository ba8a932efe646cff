# SPDX-License-Identifier: Apache-2.0
"""Delta debugging: the shortest part of a script that still fails (Zeller's ddmin, with a limit of time)."""
import time


def shrink(script, fails, seconds):
    """fails(script) -> bool. Returns the script as short as the time allowed to make it."""
    end, parts = time.monotonic() + seconds, 2
    while len(script) > 1 and time.monotonic() < end:
        size = max(1, len(script) // parts)
        for i in range(0, len(script), size):
            rest = script[:i] + script[i + size:]
            if rest and fails(rest):
                script, parts = rest, max(2, parts - 1)
                break
            if time.monotonic() > end:
                break
        else:
            if size == 1:
                break
            parts = min(len(script), parts * 2)
    return script
