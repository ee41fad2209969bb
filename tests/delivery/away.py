"""A worker that was away for a day: its reminders come in order, and no faster than each store allows.

The programs see a clock that goes a day ahead while nobody works (libfaketime); the monotonic clock goes on.
"""

import datetime
import pathlib
import random
import tempfile
import time

import clients
import programs
import rows
import street
from injectors import clock

DAY = 24 * 3600
AT_ONCE = 8
# Messages a minute: what has gathered takes some half a minute, at the slow store longer.
RATES = (240, 240, 240, 120)


def perform(given, engine, around, journal, stack, say):
    """The run itself: leaves everything in the journal."""
    around.behave()
    faketime = Clock(pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="musubi-clock-"))))
    arguments = ("--jobs-at-once", str(AT_ONCE))
    api, workers = programs.start(engine, around, stack, given.workers, arguments, **faketime.variables)
    stage = street.Street(api, journal, around, 24, RATES)
    book(given, api, stage, journal)
    rows.drained(engine, around, journal, time.time(), say)
    for worker in workers:
        worker.stop()
    faketime.set(DAY)
    around.go_ahead(DAY)
    back = time.time() + DAY
    say(f"{given.events} bookings; the worker is back after a day")
    for worker in workers:
        worker.start()
    rows.drained(engine, around, journal, back, say)
    rows.write(api, stage, journal)
    journal.add("away", end=back, at_once=2 * AT_ONCE * len(workers))
    journal.add("end", horizon=back)
    for process in {*workers, api}:
        process.stop()


def book(given, api, stage, journal):
    """So many bookings, whose reminders are due in the coming day, in no order."""
    rng = random.Random(f"{given.seed}/away")
    client = clients.Client(0, given.seed, api, stage, journal, None)
    for number in range(given.events):
        # The last hour stays free: nothing is due at the very moment of the return.
        start = time.time() + DAY + 600 + rng.random() * (DAY - 3600)
        text = datetime.datetime.fromtimestamp(start // 60 * 60, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        client.book(stage.stores[number % len(stage.stores)], text, approval=False)


class Clock:
    """What the programs' clock is ahead by."""

    def __init__(self, folder):
        self.file = folder / "offset"
        self.variables = clock.variables(self.file)
        self.set(0)

    def set(self, seconds):
        clock.write(self.file, seconds)
