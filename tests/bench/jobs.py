"""Jobs a second by two workers, how soon an event is noticed, and what a worker costs that has nothing to do."""

import os
import pathlib
import re
import subprocess
import sys
import time

import musubi

import place
import statements
from place import SETTINGS, say

WORKERS = 2
IDLE_SECONDS = 20
# After its start a worker registers what it wants and makes its schedules.
SETTLED_SECONDS = 3


def measure(engine, options, report):
    """The figures of `cargo run --example jobs` on this engine, then an idle worker."""
    seen = figures(engine, options.seconds)
    row = {"engine": engine.name, "workers": WORKERS}
    row |= {f"{name}/s": seen[name][0] for name in ("inserts", "bare", "jobs", "beside")}
    row["ratio to bare"] = seen["jobs"][0] / seen["bare"][0]
    report.add("jobs", f"Small jobs, {options.seconds} s each", [row])
    picked = {"engine": engine.name}
    for name, where in (("here", "same process"), ("there", "another")):
        picked |= {f"{where}, p50 ms": seen[name][0], f"{where}, slowest ms": seen[name][1]}
    report.add("pick-up", "From the commit of an event to its subscriber", [picked])
    report.add("idle", f"A worker that has nothing to do, {IDLE_SECONDS} s", [idle(engine)])


def figures(engine, seconds):
    """What the example prints, by the name of the line."""
    command = ["cargo", "run", "--quiet", "--release", "--locked", "-p", "musubi-worker", "--example", "jobs"]
    command += ["--", str(seconds), str(WORKERS)]
    env = os.environ | {"MUSUBI_TEST_ENGINES": engine.name}
    done = subprocess.run(command, cwd=place.ROOT, env=env, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=True)
    seen = {}
    for line in done.stdout.splitlines():
        say(line)
        seen[line.split()[1]] = [float(number) for number in re.findall(r"([\d.]+) (?:/s|ms)", line)]
    return seen


def idle(engine):
    """The row of an idle worker: alone, or on SQLite within the API."""
    process = musubi.Api if engine.name == "sqlite" else musubi.Worker
    with process(engine.url, *statements.arguments(engine), **SETTINGS | statements.environment(engine)) as running:
        time.sleep(SETTLED_SECONDS)
        with statements.noted(engine, running) as notes:
            before = cpu_seconds(running.process.pid)
            time.sleep(IDLE_SECONDS)
            spent = cpu_seconds(running.process.pid) - before
            asked = len(notes.said())
        return {
            "engine": engine.name,
            "statements/s": asked / IDLE_SECONDS,
            "CPU ms/s": 1000 * spent / IDLE_SECONDS,
            "MiB": running.kib() / 1024,
        }


def cpu_seconds(pid):
    """What the process has had of the processors so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
