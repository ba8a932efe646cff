# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on purpose: children die, httpd restarts, sessions end, OX and the database go away for a while."""
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

from groupware import control

FAULTS = {"status": {"kind": "status", "status": 503, "retryAfter": 1},
          "error": {"kind": "error", "category": "TRY_AGAIN", "code": "XXX-0001"},
          "cut": {"kind": "cut"}, "truncate": {"kind": "truncate"}, "garbage": {"kind": "garbage", "body": "{\"data\":"},
          "delay": {"delay": 300},
          "denied": {"kind": "error", "category": "PERMISSION_DENIED", "code": "XXX-0070"},
          "quota": {"kind": "error", "category": "CAPACITY", "code": "XXX-0071"},
          "invalid": {"kind": "error", "category": "USER_INPUT", "code": "XXX-0072"}}


class Trouble:
    """Of one site; several processes may use it, one outage of the store at a time."""

    def __init__(self, site):
        self.site, self.threads = site, []
        self.gate = os.path.join(site.folder, "outage.lock")

    # ---- httpd ----------------------------------------------------------------------------------
    def children(self):
        pid = self.site.httpd.child.proc.pid
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return sorted(int(p) for p in f.read().split())

    def kill(self):
        """One child dies at once."""
        pids = self.children()
        if pids:
            try:
                os.kill(pids[time.monotonic_ns() % len(pids)], signal.SIGKILL)
            except ProcessLookupError:
                pass

    def reload(self):
        self.site.httpd.child.proc.send_signal(signal.SIGUSR1)

    # ---- OX -------------------------------------------------------------------------------------
    def expire(self, user):
        control(self.site.ox.control_port, "expire", {"user": user})

    def ox(self, user, kind, module, count, skip, after, action=None):
        fault = dict(FAULTS[kind], user=user, count=count, skip=skip)
        if action:
            fault["action"] = action
        if module:
            fault["module"] = module
        if after and kind in ("cut", "status", "garbage"):
            fault["after"] = True
        control(self.site.ox.control_port, "fault", fault)

    # ---- the store ------------------------------------------------------------------------------
    def store(self, kind, ms):
        t = threading.Thread(target=self._outage, args=(kind, ms / 1000))
        t.start()
        self.threads.append(t)

    def _outage(self, kind, seconds):
        with open(self.gate, "w", encoding="ascii") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            if self.site.db is None:
                self._lock_sqlite(seconds)
            elif kind == "cut":
                self._cut_connections()
            elif kind == "crash":
                self.site.db.crash(seconds)
            else:
                self.site.db.freeze(seconds)

    def _lock_sqlite(self, seconds):
        db = sqlite3.connect(os.path.join(self.site.state, "eas.db"), timeout=5, isolation_level=None)
        try:
            db.execute("BEGIN EXCLUSIVE")
            time.sleep(seconds)
            db.execute("ROLLBACK")
        except sqlite3.OperationalError:
            pass  # busy all the time: that is trouble enough
        finally:
            db.close()

    def _cut_connections(self):
        argv = [shutil.which("mariadb"), "--no-defaults", f"--socket={self.site.db.socket}", "--user=root", "-N"]
        ask = "SELECT CONCAT('KILL ', id, ';') FROM information_schema.processlist WHERE db = 'eas'"
        kills = subprocess.run([*argv, "-e", ask], capture_output=True, text=True, check=False).stdout
        subprocess.run([*argv, "--force"], input=kills, text=True, capture_output=True, check=False)

    def calm(self, user):
        """Everything is well again."""
        for t in self.threads:
            t.join()
        self.threads = []
        control(self.site.ox.control_port, "fault/clear", {"user": user})
