"""Sign-ins and refreshes: how many, beside Argon2 alone, and what they do to bookings and memory meanwhile."""

import itertools
import os
import re
import statistics
import subprocess
import sys
import threading

import load
import person
import place
import town
from place import api, say

CONNECTIONS = 32
SIGN_INS = 1000
# Each has a session that is refreshed again and again; more than connections, so that one always waits.
SESSIONS = 96
BOOKERS = 4


def measure(engine, options, report):
    """Argon2 alone, sign-ins, bookings without and with sign-ins, refreshes."""
    wanted = 100 if options.quick else SIGN_INS
    alone = raw_rate()
    redis = os.environ.get("MUSUBI_TEST_REDIS_URL")
    arguments = ("--redis-url", redis) if redis and engine.name != "sqlite" else ()
    with api(engine, *arguments) as running:
        first, store = town.furnished(running, staff=50)
        say(f"{engine}: {CONNECTIONS} people register")
        people = [person.Person(running) for _ in range(CONNECTIONS)]
        settings = {"people": [someone.address for someone in people], "password": person.PASSWORD}
        before, memory = running.kib(), Watch(running)
        seconds = max(2, round(wanted / alone) + 1)
        load.run(running, "sign_in.lua", settings, CONNECTIONS, 2)
        # In turns, so that whatever else the machine does slows both alike; before there are bookings, whose notifications would still
        # be planned beside them.
        alone, rounds = [raw_rate()], []
        for _ in range(options.rounds):
            rounds.append(load.run(running, "sign_in.lua", settings, CONNECTIONS, seconds))
            alone.append(raw_rate())
        ratio = statistics.median(one.rate / statistics.mean(beside) for one, beside in zip(rounds, itertools.pairwise(alone)))
        signed_in, alone = load.median(rounds), statistics.median(alone)
        quiet = book(running, first, store, 0, options.seconds)
        beside = threading.Thread(target=lambda: busy.append(book(running, first, store, 100, seconds)))
        busy = []
        beside.start()
        load.run(running, "sign_in.lua", settings, CONNECTIONS, seconds)
        beside.join()
        most = memory.stop()
        say(f"{engine}: {signed_in}, Argon2 alone {alone:.1f}/s; bookings {quiet} without, {busy[0]} with sign-ins")
        report.add(
            "sign-ins",
            f"Sign-ins with a password, {CONNECTIONS} connections, beside Argon2 alone on all cores",
            [
                {
                    "engine": engine.name,
                    "sign-ins": signed_in.requests,
                    "sign-ins/s": signed_in.rate,
                    "Argon2 alone/s": alone,
                    "ratio": ratio,
                    "p50 ms": signed_in.p50,
                    "p99 ms": signed_in.p99,
                    "MiB before": before / 1024,
                    "MiB at most": most / 1024,
                    "failed": signed_in.failures,
                }
            ],
        )
        report.add(
            "booking-meanwhile",
            f"Bookings of {BOOKERS} connections without and with {CONNECTIONS} connections that sign in",
            [
                {
                    "engine": engine.name,
                    "p50 ms without": quiet.p50,
                    "p50 ms with": busy[0].p50,
                    "ratio": busy[0].p50 / quiet.p50,
                    "p99 ms without": quiet.p99,
                    "p99 ms with": busy[0].p99,
                    "failed": quiet.failures + busy[0].failures,
                }
            ],
        )
        report.add("refreshes", f"Refreshes, {SESSIONS} sessions, {CONNECTIONS} connections", [refreshes(engine, running, people, bool(arguments), options)])


def raw_rate():
    """Hashes a second of Argon2 alone on all cores, now."""
    command = ["cargo", "run", "--quiet", "--release", "--locked", "-p", "musubi-crypto", "--example", "password_rate", "--", "1"]
    done = subprocess.run(command, cwd=place.ROOT, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True)
    return float(re.search(r"^Argon2 alone.*: ([\d.]+)/s", done.stdout, re.M)[1])


def book(running, first, store, start, seconds):
    """Bookings in days from `start` on."""
    where = {"path": store.path, "menu": store.menu, "customers": store.customers}
    told = {"token": first.key, "stores": [where], "starts": town.starts(start, 100), "round": start, "each": 50}
    return load.run(running, "book.lua", told | {"spread": True, "newcomer": False, "skip": 0}, BOOKERS, seconds)


def refreshes(engine, running, people, shared, options):
    """The row of refreshes."""
    tokens = []
    for number in range(SESSIONS):
        someone = people[number % len(people)]
        someone.sign_in()
        tokens.append(someone.tokens["refresh_token"])
    seen = load.run(running, "refresh.lua", {"tokens": tokens}, CONNECTIONS, options.seconds)
    say(f"{engine}: refreshes {seen}")
    return {
        "engine": engine.name + (" with Redis" if shared else ""),
        "refreshes/s": seen.rate,
        "p50 ms": seen.p50,
        "p99 ms": seen.p99,
        "failed": seen.failures,
    }


class Watch:
    """Looks at the program's memory until it is stopped."""

    def __init__(self, running):
        self.running, self.most, self.done = running, 0, threading.Event()
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()

    def look(self):
        while not self.done.wait(0.1):
            self.most = max(self.most, self.running.kib())

    def stop(self):
        """The most that was seen, in KiB."""
        self.done.set()
        self.thread.join()
        return self.most
