"""From the start of the process to ready, with a database that exists."""

import statistics

import town
from place import api, say

STARTS = 20


def measure(engine, options, report):
    """Starts the program many times on the same data; writes down the median."""
    with api(engine) as running:
        town.furnished(running)
        seconds = []
        for _ in range(STARTS):
            running.restart()
            seconds.append(running.seconds_to_ready * 1000)
        say(f"{engine}: {STARTS} starts, median {statistics.median(seconds):.0f} ms")
    row = {"engine": engine.name, "starts": STARTS, "median ms": statistics.median(seconds), "slowest ms": max(seconds)}
    report.add("start", "Start to ready, existing database", [row])
