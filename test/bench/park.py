#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Waiting phones held at once: how many, what each costs, how soon they are woken. See README.

park.py RESULT.json [--count N] [--plain|--tls] [--hold SECONDS]
"""
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "proto")]

from bench import Gateway, machine  # noqa: E402
from easlib.seed import seed  # noqa: E402
from easlib.site import BUILD, Site  # noqa: E402

WARM = 100    # phones that were there before
EACH = 15000  # phones of one load client: open files are limited
# The numbers of conf/eas.conf.
CONFIG = """StartServers 4
ServerLimit 12
ThreadsPerChild 25
MaxRequestWorkers 100
MinSpareThreads 25
MaxSpareThreads 100
AsyncRequestWorkerFactor 600
MaxConnectionsPerChild 0
ListenBacklog 4096
MaxKeepAliveRequests 0
KeepAliveTimeout 90
CustomLog /dev/null eas
"""
MAIL = '{"op":"deliver","user":"{user}","raw64":"U3ViamVjdDogaGkKCmhpCg=="}'
EVENT = '{"user":"{n}@1","event":"messageNew","folder":"INBOX"}'


class Processes(Gateway):
    def pss_kib(self):
        total = 0
        for pid in self.pids():
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        return total


class Client:
    """One parkload."""

    def __init__(self, site, tls, count, first):
        server = site.eas_tls if tls else site.eas
        argv = [os.path.join(BUILD, "test", "load", "parkload"), "--to", f"{server.host}:{server.port}",
                "--count", str(count), "--first-user", str(first), "--concurrency", "24", "--heartbeat", "3500",
                "--change", f"POST http://127.0.0.1:{site.ox.control_port}/module/mail", "--change-body", MAIL,
                "--hint", f"PUT http://dovecot:secret@127.0.0.1:{site.httpd.plain}/eas-notify", "--hint-body", EVENT]
        self.proc = subprocess.Popen(argv + (["--tls"] if tls else []), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     text=True)

    def ask(self, command):
        self.proc.stdin.write(command + "\n")
        self.proc.stdin.flush()

    def hear(self):
        line = self.proc.stdout.readline()
        if not line:
            raise RuntimeError("the load client has ended")
        return json.loads(line)

    def close(self):
        self.proc.stdin.close()
        self.proc.wait(60)


def all_of(clients, command):
    """The command at all clients at once; their answers."""
    for c in clients:
        c.ask(command)
    return [c.hear() for c in clients]


def warm_up(site, kind, first):
    """What is there once, whoever waits, comes with the first work: threads, connections, caches."""
    client = Client(site, kind == "tls", WARM, 10 + first)
    client.ask("ramp")
    client.hear()
    for _ in range(5):
        client.ask("wake-all 60")
        client.hear()
    client.close()
    time.sleep(4)


def measure(kind, count, hold):
    """Figures of one run, without the prefix park."""
    rows = seed(count + WARM)
    site = Site(rows, config=CONFIG, directives={"EASHeartbeatMin": "60", "EASPollInterval": "3600"})
    clients = []
    try:
        gateway = Processes(site.httpd.child.proc.pid)
        warm_up(site, kind, count)
        clients = [Client(site, kind == "tls", min(EACH, count - at), 10 + at) for at in range(0, count, EACH)]
        idle = gateway.pss_kib()
        start = time.monotonic()
        ramp = all_of(clients, "ramp")
        print(f"  {kind}: {count} phones set up in {time.monotonic() - start:.0f} s", flush=True)
        time.sleep(2)
        fresh = (gateway.pss_kib() - idle) / count
        cpu = gateway.cpu_ms()
        all_of(clients, f"hold {hold}")
        cpu = (gateway.cpu_ms() - cpu) / hold / 10
        one = all_of(clients[:1], f"wake {min(500, count)} 60")
        every = [all_of(clients, "wake-all 300") for _ in range(2)][-1]
        time.sleep(2)
        used = (gateway.pss_kib() - idle) / count
        report = all_of(clients, "report")
        figures = {f"{kind}.held": sum(r["waiting"] for r in report), f"{kind}.failed": sum(r["failed"] for r in report),
                   f"idle.kib.{kind}": round(fresh, 1), f"{kind}.kib": round(used, 1),
                   f"{kind}.cpu_percent": round(cpu, 2), f"{kind}.wake_p50_ms": one[0].get("p50_ms"),
                   f"{kind}.wake_p99_ms": one[0].get("p99_ms"), f"{kind}.wake_max_ms": one[0].get("max_ms"),
                   f"{kind}.wake_all_p99_ms": max(r.get("p99_ms") or 0 for r in every),
                   f"{kind}.wake_all_max_ms": max(r.get("max_ms") or 0 for r in every)}
        print("  ramp", ramp[0], "\n  wake", one[0], "\n  wake-all", every[0], "\n  report", report[0], flush=True)
        return figures
    finally:
        for c in clients:
            c.close()
        site.stop()


def main(argv):
    args, count, hold, kinds = [], 50000, 30, ["plain", "tls"]
    rest = iter(argv[1:])
    for a in rest:
        if a == "--count":
            count = int(next(rest))
        elif a == "--hold":
            hold = int(next(rest))
        elif a in ("--plain", "--tls"):
            kinds = [a[2:]]
        else:
            args.append(a)
    if len(args) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    os.environ["EAS_LOGLEVEL"] = "warn"
    os.environ.setdefault("EAS_STORE", "mariadb")
    print(machine())
    figures = {"park.count": count}
    for kind in kinds:
        figures.update({f"park.{k}": v for k, v in measure(kind, count, hold).items() if v is not None})
    last = kinds[-1]
    for name in ("wake_p99_ms", "wake_all_p99_ms", "cpu_percent"):
        if f"park.{last}.{name}" in figures:
            figures[f"park.{name}"] = figures[f"park.{last}.{name}"]
    for k, v in sorted(figures.items()):
        print(f"{k:32} {v:>12}")
    with open(args[0], "w", encoding="utf-8") as f:
        json.dump(figures, f, indent=1)
        f.write("\n")
    return 0 if all(figures[f"park.{k}.failed"] == 0 for k in kinds) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
