#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The chaos run: many devices and OX edits at random, under faults; in the end every replica must equal OX.

A run is a number of episodes. Each has a seed of its own, a fresh user, and a script made from the seed; it ends when all has
settled and was compared. A failed episode prints its script and, with --shrink, the shortest part of it that still fails.
EAS_BUILD names the build folder. See README.
"""
import argparse
import json
import multiprocessing
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "proto")]

from easlib.seed import seed as users  # noqa: E402
from easlib.site import Site  # noqa: E402
from player import COMPARE, Episode  # noqa: E402
from script import FAULTS, Writer  # noqa: E402
from shrink import shrink  # noqa: E402
from trouble import Trouble  # noqa: E402

CASES = os.path.join(HERE, "cases")
KINDS = ("lost", "doubled", "diverged", "refused")
PER_JOB = 900   # users that one job may use up
HTTPD = "StartServers 3\nServerLimit 4\nMaxRequestWorkers 100\nMinSpareThreads 25\nMaxSpareThreads 100\n"
DIRECTIVES = {"EASRetryAfter": "1", "EASOxTimeout": "10", "EASMailCompare": str(COMPARE)}


def options(argv):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--seed", type=int, default=1, help="of the first episode; the next one has the next number")
    p.add_argument("--ops", type=int, default=2000, help="operations of the whole run")
    p.add_argument("--episode", type=int, default=500, help="operations of an episode")
    p.add_argument("--devices", type=int, default=6, help="of the user of an episode")
    p.add_argument("--store", choices=("sqlite", "mariadb", "both"), default=os.environ.get("EAS_STORE", "sqlite"))
    p.add_argument("--jobs", type=int, default=2, help="episodes at a time")
    p.add_argument("--faults", default=",".join(FAULTS), help="kinds of faults, with commas between; '' for none")
    p.add_argument("--cases", action="store_true", help="play the known cases too, on a site without faults")
    p.add_argument("--script", help="play this file (a JSON list of operations, or a known case) instead")
    p.add_argument("--shrink", type=int, default=0, metavar="SECONDS", help="shorten the script of the first failure")
    p.add_argument("--keep-going", action="store_true", help="do not end with the first failure")
    p.add_argument("--results", help="file to write the figures to")
    return p.parse_args(argv)


class Job:
    """Plays episodes in this process, each with a user that nobody had before."""

    def __init__(self, site, opt, number):
        self.site, self.opt, self.next, self.trouble, self.waited = site, opt, 10 + number * PER_JOB, Trouble(site), False

    def play(self, script, devices=None):
        self.next += 1
        episode = Episode(self.site, self.next, devices or self.opt.devices, self.trouble)
        errors = episode.run(script)
        self.waited = episode.waited
        return errors, sum(p.requests for p in episode.phones)

    def script(self, seed):
        faults = tuple(f for f in self.opt.faults.split(",") if f)
        return Writer(seed, self.opt.devices, faults).script(self.opt.episode)


def work(site, opt, number, seeds, results):
    job = Job(site, opt, number)
    for seed in seeds:
        began = time.monotonic()
        try:
            errors, requests = job.play(job.script(seed))
        except Exception:  # a fault of the run itself must reach the report
            errors, requests = [("refused", traceback.format_exc())], 0
        results.put((seed, errors, requests, time.monotonic() - began, job.waited))
        if errors and not opt.keep_going:
            break
    results.put(None)


def run(site, opt):
    """Plays all episodes; returns the figures and the first failure."""
    count = -(-opt.ops // opt.episode)
    seeds, results = range(opt.seed, opt.seed + count), multiprocessing.Queue()
    jobs = [multiprocessing.Process(target=work, args=(site, opt, i, seeds[i::opt.jobs], results)) for i in range(opt.jobs)]
    for j in jobs:
        j.start()
    sums, first, alive = dict.fromkeys(("operations", "requests", "episodes", "cases", "waited") + KINDS, 0), None, len(jobs)
    while alive:
        got = results.get()
        if got is None:
            alive -= 1
            continue
        seed, errors, requests, took, waited = got
        sums["waited"] += waited
        sums["operations"] += opt.episode
        sums["requests"] += requests
        sums["episodes"] += 1
        for kind, _ in errors:
            sums[kind] += 1
        print(f"seed {seed}: {requests} requests, {took:.1f} s, {len(errors)} errors", flush=True)
        for kind, text in errors[:6]:
            print(f"  {kind}: {text}")
        if errors and first is None:
            first = (seed, errors)
    for j in jobs:
        j.join()
    return sums, first


def shorten(site, opt, seed, script):
    job = Job(site, opt, opt.jobs)

    def fails(part):
        errors, _ = job.play(part)
        print(f"  {len(part)} operations: {errors[0][0] if errors else 'well'}", flush=True)
        return bool(errors)
    if not fails(script):
        print(f"seed {seed} does not fail again when it is played alone")
        return
    script = shrink(script, fails, opt.shrink)
    print("the shortest script that still fails:")
    for op in script:
        print("  " + json.dumps(op))
    for kind, text in job.play(script)[0]:
        print(f"{kind}: {text}")


def crashes(site):
    """Lines of the error log that no fault of ours explains."""
    log = site.log()
    log.pos = 0
    return [line for line in log.lines() if "EASTEST" not in line and "signal Killed (9)" not in line
            and any(w in line for w in ("exit signal", "Sanitizer", "runtime error:", "Assertion"))]


def play_file(site, opt):
    with open(opt.script, encoding="utf-8") as f:
        case = json.load(f)
    script, devices = (case["script"], case["devices"]) if isinstance(case, dict) else (case, opt.devices)
    if opt.shrink:
        opt.devices = devices
        return shorten(site, opt, opt.script, script)
    errors, _ = Job(site, opt, 0).play(script, devices)
    for kind, text in errors:
        print(f"{kind}: {text}")
    return bool(errors)


def play_cases(site, opt, sums):
    """Scripts of faults that were fixed."""
    job = Job(site, opt, opt.jobs)
    for name in sorted(os.listdir(CASES)):
        with open(os.path.join(CASES, name), encoding="utf-8") as f:
            case = json.load(f)
        errors, _ = job.play(case["script"], case["devices"])
        sums["cases"] += 1
        for kind, text in errors:
            sums[kind] += 1
            print(f"case {name}: {kind}: {text}", flush=True)


def on_store(opt, store):
    """One run; returns its figures."""
    began = time.monotonic()
    site = Site(users(), store, config=HTTPD, directives=DIRECTIVES, store_options="lock_timeout=1")
    try:
        if opt.script:
            return {"refused": int(bool(play_file(site, opt)))}
        sums, first = run(site, opt)
        if opt.cases:
            play_cases(site, opt, sums)
        bad = crashes(site)
        sums["crashes"] = len(bad)
        print("\n".join(bad + [f"{store}: " + ", ".join(f"{v} {k}" for k, v in sums.items())
                               + f", {sums['operations'] / (time.monotonic() - began):.0f} operations a second"]), flush=True)
        if first and opt.shrink:
            shorten(site, opt, first[0], Job(site, opt, 0).script(first[0]))
        return sums
    finally:
        site.stop()


def main(argv):
    opt, figures = options(argv), {}
    for store in ("sqlite", "mariadb") if opt.store == "both" else (opt.store,):
        for k, v in on_store(opt, store).items():
            figures[k] = figures.get(k, 0) + v
            figures[f"{store}.{k}"] = v
    figures["devices"] = opt.devices
    if opt.results:
        with open(opt.results, "w", encoding="utf-8") as f:
            json.dump({f"chaos.{k}": v for k, v in figures.items()}, f, indent=1)
    return int(any(figures.get(k) for k in (*KINDS, "crashes")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
