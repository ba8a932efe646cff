# SPDX-License-Identifier: Apache-2.0
"""How much memory httpd has, and how much more it takes while something is done."""
import os
import threading


def memory(site):
    """Proportional set size of all processes of httpd, in KiB."""
    total, parent = 0, site.httpd.child.proc.pid
    for pid in [p for p in os.listdir("/proc") if p.isdigit()]:
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                mother = int(f.read().rsplit(")", 1)[1].split()[1])
            if int(pid) != parent and mother != parent:
                continue
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
                total += next(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            continue
    return total


class Peak:
    """with Peak(site) as p: …; then p.grown is how many KiB httpd had more at its worst, as seen 50 times a second."""

    def __init__(self, site):
        self.site, self.before, self.most, self.done = site, memory(site), 0, threading.Event()
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self.done.wait(0.02):
            self.most = max(self.most, memory(self.site))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self.most = max(self.most, memory(self.site))

    @property
    def grown(self):
        return self.most - self.before
