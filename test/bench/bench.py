#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a request costs: `test/run bench`.

bench.py RESULT.json [--quick] [NAME...]: all measurements, or those named. EAS_BUILD names the build folder. --quick
makes the loads short, to try the benchmark itself; its figures mean little.

CPU is what all httpd processes used together (user and system, /proc/<pid>/stat) between the end of the preparations
and the end of the load, divided by the requests; the least of three loads counts.
"""
import json
import os
import platform
import re
import subprocess
import sys
import time

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
sys.path.insert(0, os.path.join(TOP, "test", "proto"))
from easlib.site import BUILD, Site  # noqa: E402

LOAD, FLOOR = (os.path.join(BUILD, "test", "bench", name) for name in ("easload", "floor"))
TICK = os.sysconf("SC_CLK_TCK")
INBOX, CONTACTS = 2, 9
TIMES = 3  # each load and each floor; the one with the least CPU counts, the others were disturbed
LOG = ('LogFormat "%{eas-cmd}n %{eas-ox-calls}n %{eas-store}n %{eas-store-rows}n" cost\n'
       "CustomLog cost.log cost\n")
BODY = ("The quick brown fox jumps over the lazy dog, and the bench counts what it costs. " * 26)[:2048]


def contact(i):
    """Changed a minute after the one before, the last one an hour or more ago: no import in one burst."""
    modified = int(time.time() * 1000) - 3600000 - (100000 - i) * 60000
    return {"modified": modified, "created": modified,
            "first_name": f"Ada{i}", "last_name": f"Lovelace {i}", "display_name": f"Lovelace {i}, Ada{i}",
            "email1": f"ada{i}@customer.example", "company": "Analytical Engines", "position": "Engineer",
            "telephone_business1": f"+49 30 {i:07d}", "cellular_telephone1": f"+49 170 {i:07d}",
            "street_business": "Unter den Linden 1", "city_business": "Berlin", "postal_code_business": "10117",
            "country_business": "Germany", "note": "Met at the fair.\nCall back."}


def user(number, contacts=0, mails=0):
    name = f"b{number}"
    u = {"id": number, "login": name, "password": "secret", "displayName": f"Bench {number}",
         "email": f"{name}@example.org", "timezone": "Europe/Berlin", "locale": "en_US",
         "caps": {"active_sync": True, "usm": True}}
    if contacts:
        u["contacts"] = [contact(i) for i in range(contacts)]
    if mails:
        u["mails"] = [{"count": mails, "subject": "Benchmark", "from": "fox@example.net", "text": BODY,
                       "date": int(time.time() * 1000) - mails * 60000 - 3600000}]
    return u


def seed(*users):
    return {"contexts": [{"id": 1, "name": "defaultcontext", "users": list(users)}]}


class Gateway:
    """httpd's processes as /proc shows them."""

    def __init__(self, pid):
        self.pid = pid

    def pids(self):
        with open(f"/proc/{self.pid}/task/{self.pid}/children", encoding="ascii") as f:
            return [self.pid, *map(int, f.read().split())]

    def cpu_ms(self):
        """Of the parent, of its children, and of children that have ended."""
        total = 0
        for i, pid in enumerate(self.pids()):
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            total += sum(map(int, fields[11:15] if i == 0 else fields[11:13]))
        return total * 1000 / TICK

    def peak_kib(self):
        """Of the largest process since it started."""
        peaks = [0]
        for pid in self.pids():
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                peaks += [int(line.split()[1]) for line in f if line.startswith("VmHWM")]
        return max(peaks)


class Load:
    """easload: prepared when made; run() puts the load on."""

    def __init__(self, site, operation, name, folder=INBOX, window=100, body=0, connections=1, requests=1,
                 device="load", version="14.1"):
        self.gateway = Gateway(site.httpd.child.proc.pid)
        argv = [LOAD, "-u", f"http://127.0.0.1:{site.httpd.plain}", "-n", name, "-p", "secret", "-V", version,
                "-d", device, "-f", str(folder), "-w", str(window), "-b", str(body), "-c", str(connections),
                "-r", str(requests), operation]
        pipe = subprocess.PIPE
        self.proc = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        ready = self.proc.stdout.readline().strip()
        if ready != "ready":
            self.proc.stdin.close()
            raise RuntimeError(f"{operation}: {self.proc.stderr.read().strip() or ready}")

    def run(self):
        """One load, or one step; with the gateway's CPU per request."""
        before = self.gateway.cpu_ms()
        self.proc.stdin.write("\n")
        self.proc.stdin.flush()
        line = self.proc.stdout.readline()
        cpu = self.gateway.cpu_ms() - before
        if not line:
            raise RuntimeError("easload: " + self.proc.stderr.read())
        result = json.loads(line)
        if result["failed"]:
            self.proc.stdin.close()
            raise RuntimeError(f"{result['failed']} requests failed: {self.proc.stderr.read()}")
        result["cpu_ms"] = cpu / max(1, result["requests"])
        result["rps"] = result["requests"] / result["seconds"]
        return result

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(60)


class Costs:
    """The access log with the counters of each request."""

    def __init__(self, site):
        self.path = os.path.join(site.folder, "cost.log")
        time.sleep(0.2)  # for the lines of the preparations
        self.pos = os.path.getsize(self.path) if os.path.exists(self.path) else 0

    def since(self, command, count):
        """[ox calls, statements, rows] of the count requests of a command since this was made. A line is written a
        moment after the answer."""
        for _ in range(100):
            with open(self.path, encoding="ascii", errors="replace") as f:
                f.seek(self.pos)
                rows = [r for r in (line.split() for line in f) if r and r[0] == command]
            if len(rows) >= count:
                break
            time.sleep(0.02)
        if len(rows) != count:
            raise RuntimeError(f"{len(rows)} requests of {command} in the access log, not {count}")
        return [[int(x) if x.isdigit() else None for x in r[1:4]] for r in rows]


def mean(values):
    values = [v for v in values if v is not None]
    return sum(values) / len(values) if values else None


class Bench:
    """The measurements. Each returns figures by key; a line per figure goes to the table."""

    def __init__(self, quick):
        self.quick, self.figures, self.missing = quick, {}, []

    def scale(self, n):
        return max(2, n // 20) if self.quick else n

    def put(self, key, value):
        if value is None:
            self.missing.append(f"{key}: not counted by this build")
            return
        self.figures[key] = round(value, 4)
        print(f"  {key:<46} {value:>14,.3f}", flush=True)

    def site(self, users, store):
        return Site(seed(*users), store, config=LOG)

    def requests(self, store):
        """Requests per second and CPU per request of the five basic cases, and of the floor beside two of them."""
        site = self.site([user(11, contacts=100, mails=100)], store)
        tag = "" if store == "sqlite" else f".{store}"
        try:
            for key, operation, n, more in (
                    ("options", "options", 4000, {}),
                    ("foldersync", "foldersync", 2000, {}),
                    ("sync_nochange", "nochange", 2000, {}),
                    ("sync_100_contacts", "first", 200, {"folder": CONTACTS}),
                    ("sync_100_mails", "first", 100, {"body": 4096})):
                self.one_case(site, store, key + tag, key, operation, self.scale(n), more)
        finally:
            site.stop()

    def one_case(self, site, store, key, case, operation, requests, more):
        results = []
        for i in range(TIMES):
            load = Load(site, operation, "b11", connections=2, requests=requests, device=f"q{case.replace('_', '')}{i}",
                        **more)
            costs = Costs(site)
            results.append(load.run())
            load.close()
            if operation == "first" and results[-1]["adds"] != 100 * results[-1]["requests"]:
                raise RuntimeError(f"{case}: {results[-1]['adds']} items in {requests} answers, not 100 in each")
        best = min(results, key=lambda r: r["cpu_ms"])
        self.put(f"rps.{key}", max(r["rps"] for r in results))
        self.put(f"cpu_ms.{key}", best["cpu_ms"])
        self.put(f"bytes.{key}", best["bytes"] / best["requests"])
        if store != "sqlite":
            return
        if operation != "options":
            rows = costs.since("FolderSync" if case == "foldersync" else "Sync", results[-1]["requests"])
            names = {"foldersync": "foldersync_nochange", "sync_nochange": "sync_nochange_mail"}
            self.put("calls." + names.get(case, case), mean(r[0] for r in rows))
            self.put(f"statements.{case}", mean(r[1] for r in rows))
        if case in ("sync_nochange", "sync_100_contacts", "sync_100_mails"):
            self.floor(site, case, best)

    def floor(self, site, case, result):
        """The floor program doing the same against the same stand-in."""
        args = {"sync_nochange": ["nochange"], "sync_100_mails": ["mails"], "sync_100_contacts": ["contacts"]}[case]
        options = []
        if args == ["contacts"]:
            ox = site.ox.user("b11", "secret")
            options = ["-f", ox.default("contacts"), "-c", contact_columns()]
        argv = [FLOOR, "-u", site.ox.url, "-n", "b11", "-p", "secret", *options,
                "-r", str(self.scale(4000 if args == ["nochange"] else 400)),
                "-o", str(int(result["bytes"] / result["requests"])), *args]
        floors = []
        for _ in range(TIMES):
            got = subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
            if got.returncode:
                raise RuntimeError(got.stderr)
            floors.append(json.loads(got.stderr))
        floor = min(floors, key=lambda f: f["cpu_ms"])
        self.put(f"floor_ms.{case}", floor["cpu_ms"])
        self.put(f"floor_ratio.{case}", result["cpu_ms"] / floor["cpu_ms"])

    def one_change(self, store):
        """Store work of a Sync with one change in a small and in a large collection."""
        counts = (100, self.scale(100000))
        tag = "" if store == "sqlite" else f".{store}"
        found = {}
        site = self.site([user(20 + i, contacts=n) for i, n in enumerate(counts)], store)
        try:
            for i, n in enumerate(counts):
                found[n] = self.step_costs(site, f"b{20 + i}")
                self.put(f"store.one_change_{n}.statements{tag}", found[n][0])
                self.put(f"store.one_change_{n}.rows{tag}", found[n][1])
        finally:
            site.stop()
        small, large = (sum(x for x in found[n] if x is not None) for n in counts)
        if small and None not in found[counts[0]]:
            self.put(f"store_ratio.one_change_100k_vs_100{tag}", large / small)

    def step_costs(self, site, name):
        load = Load(site, "step", name, folder=CONTACTS, window=512, device="step")
        ox = site.ox.user(name, "secret")
        (cid,) = ox.ids("contacts")[:1]
        rows = []
        for i in range(5):
            ox.update("contacts", cid, company=f"Changed {i}")
            costs = Costs(site)
            result = load.run()
            if result["changes"] != 1:
                raise RuntimeError(f"{result['changes']} changes told, not 1")
            rows += costs.since("Sync", 1)
        load.close()
        # The first one may have caches to fill.
        return mean(r[1] for r in rows[1:]), mean(r[2] for r in rows[1:])

    def first_sync(self, store):
        """Memory and time of whole first syncs."""
        peaks, times, calls = {}, {}, {}
        for n in (1000, self.scale(10000), self.scale(100000)):
            site = self.site([user(30, contacts=n)], store)
            try:
                load = Load(site, "drain", "b30", folder=CONTACTS, window=100, requests=100000)
                costs = Costs(site)
                result = load.run()
                load.close()
                if result["adds"] != n:
                    raise RuntimeError(f"{result['adds']} items came, not {n}")
                peaks[n], times[n] = Gateway(site.httpd.child.proc.pid).peak_kib(), result["seconds"]
                calls[n] = sum(r[0] or 0 for r in costs.since("Sync", result["requests"]))
            finally:
                site.stop()
            self.put(f"rss_kib.first_sync_{n}", peaks[n])
            self.put(f"seconds.first_sync_{n}", times[n])
        small, middle, large = sorted(peaks)
        self.put("rss_ratio.first_sync_100k_vs_1k", peaks[large] / peaks[small])
        self.put("time_ratio.first_sync_10k_vs_1k", times[middle] / times[small])
        self.put("calls.first_sync_1000_contacts", calls[small])

    def first_mails(self, store):
        """OX calls of a first sync of 1,000 mails."""
        site = self.site([user(40, mails=1000)], store)
        try:
            load = Load(site, "drain", "b40", window=100, body=4096, requests=1000)
            costs = Costs(site)
            result = load.run()
            load.close()
            if result["adds"] != 1000:
                raise RuntimeError(f"{result['adds']} mails came, not 1000")
            self.put("calls.first_sync_1000_mails", sum(r[0] or 0 for r in costs.since("Sync", result["requests"])))
            self.put("seconds.first_sync_1000_mails", result["seconds"])
        finally:
            site.stop()

    def cores(self, store):
        """Throughput with httpd on two cores against one; the load has the machine's other cores."""
        if os.cpu_count() < 4:
            self.missing.append("scale.two_cores_vs_one: needs 4 cores, this machine has %d" % os.cpu_count())
            return
        rates = []
        for cores in ({0}, {0, 1}):
            site = self.site([user(50, contacts=100)], store)
            try:
                for pid in Gateway(site.httpd.child.proc.pid).pids():
                    for task in os.listdir(f"/proc/{pid}/task"):
                        os.sched_setaffinity(int(task), cores)
                load = Load(site, "nochange", "b50", folder=CONTACTS, connections=8, requests=self.scale(8000))
                rates.append(load.run()["rps"])
                load.close()
            finally:
                site.stop()
        self.put("scale.two_cores_vs_one", rates[1] / rates[0])


def contact_columns():
    """What a contact is read with: the OX columns of the mapping table."""
    with open(os.path.join(TOP, "libusm", "include", "usm", "tbl", "contact.h"), encoding="utf-8") as f:
        columns = re.findall(r"^USM_FIELD(?:_INNER)?\(\w+, *\w+, *(\d+),", f.read(), re.M)
    return ",".join(["1", "5"] + [c for c in dict.fromkeys(columns) if c != "0"])


MEASUREMENTS = (
    ("requests", "Requests, SQLite", lambda b: b.requests("sqlite")),
    ("requests-mariadb", "Requests, MariaDB", lambda b: b.requests("mariadb")),
    ("one-change", "One change, SQLite", lambda b: b.one_change("sqlite")),
    ("one-change-mariadb", "One change, MariaDB", lambda b: b.one_change("mariadb")),
    ("first-sync", "First sync of contacts, SQLite", lambda b: b.first_sync("sqlite")),
    ("first-mails", "First sync of mails, SQLite", lambda b: b.first_mails("sqlite")),
    ("cores", "Two cores against one", lambda b: b.cores("sqlite")),
)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown")
    return f"{model}, {os.cpu_count()} cores, Linux {platform.release()}"


def main(argv):
    quick = "--quick" in argv
    args = [a for a in argv[1:] if a != "--quick"]
    if not args or set(args[1:]) - {m[0] for m in MEASUREMENTS}:
        print(__doc__, "Names:", " ".join(m[0] for m in MEASUREMENTS), file=sys.stderr)
        return 2
    os.environ["EAS_LOGLEVEL"] = "warn"
    os.environ.pop("USM_TEST_DB", None)
    bench, broken = Bench(quick), 0
    print(machine())
    for name, title, run in MEASUREMENTS:
        if args[1:] and name not in args[1:]:
            continue
        print(f"\n{title}", flush=True)
        try:
            run(bench)
        except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as e:
            broken += 1
            bench.missing.append(f"{title}: {e}")
            print(f"  failed: {e}", flush=True)
    with open(args[0], "w", encoding="utf-8") as f:
        json.dump(bench.figures, f, indent=1)
        f.write("\n")
    for line in bench.missing:
        print("not measured:", line)
    print(f"\n{len(bench.figures)} figures in {args[0]}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
