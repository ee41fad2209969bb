"""Bookings while workers are killed and receivers misbehave."""

import random
import time

import clients
import programs
import rows
import street

KILL_SECONDS = {False: (1.5, 4.0), True: (3.0, 6.0)}  # Between two kills, in a short and in a long run.
OUTAGE_SECONDS = 8.0


def perform(given, engine, around, journal, stack, say):
    """The run itself: leaves everything in the journal."""
    # Each statement in the log would be most of the work of a long run.
    log = {"MUSUBI_LOG": "info"} if given.long else {}
    api, workers = programs.start(engine, around, stack, given.workers, **log)
    # One store is slow: it gets few bookings, and its messages wait in line.
    rates = (street.RATE, street.RATE, street.RATE, max(30, given.events // 50))
    stage = street.Street(api, journal, around, 1, rates)
    pace = clients.Pace(given.events, given.seconds)
    crowd = clients.Crowd(given.clients, given.seed, api, stage, journal, pace)
    crowd.start()
    try:
        disturb(given, crowd, workers, around, journal, say)
    finally:
        crowd.stop()
    # Reminders of the last bookings are due by then.
    horizon = 60 * -(-(max(pace.end, time.time()) + clients.LATENESS) // 60)
    rows.drained(engine, around, journal, horizon, say)
    rows.write(api, stage, journal)
    journal.add("end", horizon=horizon)
    for process in {*workers, api}:
        process.stop()


def disturb(given, crowd, workers, around, journal, say):
    """Kills, an outage of LINE in long runs, and progress lines, until all bookings are made."""
    rng = random.Random(f"{given.seed}/kills")
    begin = time.time()
    next_kill, next_line = begin + rng.uniform(*KILL_SECONDS[given.long]), begin + rows.PROGRESS_SECONDS
    watch = rows.Watch(journal)
    outage = begin + given.seconds / 2 if given.long else float("inf")
    while crowd.busy():
        around.check()
        watch.look()
        now = time.time()
        if now >= next_kill and not given.no_kills:
            number = rng.randrange(len(workers))
            journal.add("kill", worker=number, at=time.time())
            workers[number].kill()
            workers[number].start()
            next_kill = time.time() + rng.uniform(*KILL_SECONDS[given.long])
        around.line_out(outage <= now < outage + OUTAGE_SECONDS)
        if now >= next_line:
            seen = "; ".join(f"{channel} {count}" for channel, count in around.attempts().items())
            say(f"{now - begin:4.0f} s  {crowd.pace.done} booking events, {seen}")
            next_line += rows.PROGRESS_SECONDS
        time.sleep(0.02)
    around.behave()
