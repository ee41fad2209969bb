"""Slot search over HTTP: 7 days, 5 staff, 200 bookings, beside /healthz of the same run."""

import signal
import subprocess

import load
import town
from place import api, say


def measure(engine, options, report):
    """Alternates rounds of /healthz and of the searches; writes down their medians and ratios."""
    with api(engine) as running:
        first, store = town.furnished(running)
        say(f"{engine}: 200 bookings in 7 days")
        town.fill(first, store)
        path = store.slots(town.tomorrow())
        status, _, found = first.client.get(path)
        assert status == 200 and found["items"], (status, found)
        writer = writing(first, store)
        kinds = {
            "healthz": (load.gets(["/healthz"]), None),
            "slots": (load.gets([path], first.key), None),
            "slots, public": (load.gets([path]), None),
            "slots while one client books": (load.gets([path], first.key), writer),
        }
        seen = rounds(running, kinds, options)
    loads = {kind: load.median(runs) for kind, runs in seen.items()}
    rows = [
        {
            "engine": engine.name,
            "what": kind,
            "requests/s": one.rate,
            "p50 ms": one.p50,
            "p99 ms": one.p99,
            "ratio to healthz": one.rate / loads["healthz"].rate,
            "failed": one.failures,
        }
        for kind, one in loads.items()
    ]
    report.add("slots", f"Slots: 7 days, 5 staff, 200 bookings; {options.connections} connections, {options.rounds} rounds", rows)


def rounds(running, kinds, options):
    """The runs of each kind, in turn, after a warm-up of each."""
    seen = {kind: [] for kind in kinds}
    for number in range(options.rounds + 1):
        for kind, (settings, writer) in kinds.items():
            with Writer(running, writer) if writer else NoWriter():
                one = load.run(running, "get.lua", settings, options.connections, options.seconds if number else 1)
            say(f"{kind}: {one}" + ("" if number else " (warm-up)"))
            if number:
                seen[kind].append(one)
    return seen


def writing(first, store):
    """The settings of a client that books and calls off in the very days that are searched."""
    starts = [start for on in town.starts(0, 7) for start in on]
    return {"token": first.key, "path": store.path, "menu": store.menu, "customer": store.customers[0], "starts": starts}


class Writer:
    """One client that writes as long as the block lasts."""

    def __init__(self, running, settings):
        # Longer than any round; it is ended with the block.
        self.command = load.command(running, "rebook.lua", settings, 1, 3600)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)

    def __exit__(self, *_):
        # wrk reports on Ctrl-C.
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=60)
        say(f"the client that books and calls off: {load.parsed(said)}")


class NoWriter:
    """Nobody books."""

    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass
