"""One run: bookings are made while workers tell of them and are killed; then the judge says whether everybody was told, and how often."""

import argparse
import contextlib
import os
import pathlib
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time

import journal as journals
import musubi
import node

import clients
import judge
import receivers
import rows
import street

DESCRIPTION = "Make booking events while receivers misbehave and workers are killed; then judge what everybody was told."
EXAMPLES = """\
examples:
  tests/delivery/run --engine sqlite                                  300 booking events; the API with the worker in it is killed
  tests/delivery/run --engine postgres --events 10000                 at length, with two workers
  tests/delivery/run --engine mariadb --workers 3 --seed 42 --keep    what seed 42 does; the journal is kept
  tests/delivery/run --replay FOLDER/journal.jsonl                    judge a kept run again

Servers: MUSUBI_TEST_POSTGRES_URL and MUSUBI_TEST_MARIADB_URL say where a database may be made; binaries: MUSUBI_API_BIN, and
musubi-worker beside it. Exit code: 0 every promise was kept, 1 findings, 2 wrong arguments."""

KILL_SECONDS = (1.5, 4.0)  # Between two kills.
PROGRESS_SECONDS = 5.0
PATIENCE = 900  # Seconds for what is left at the end.
LONG = 3000  # Events from which on receivers also fail a second time, and LINE is out of order for a while.
OUTAGE = 8.0
WEBHOOK_SECONDS = 3
SHOWN_FINDINGS = 20
SENDER = "Musubi <no-reply@example.jp>"


def arguments():
    parser = argparse.ArgumentParser(
        prog="tests/delivery/run", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=musubi.ENGINES, default="sqlite", help="the database (default: %(default)s)")
    parser.add_argument("--events", type=int, default=300, metavar="N", help="booking events (default: 300)")
    parser.add_argument("--seconds", type=float, metavar="N", help="in which they are made (default: 15 for each 300, 300 at most)")
    parser.add_argument("--seed", type=int, metavar="S", help="of all random decisions (default: a new one, printed)")
    parser.add_argument("--workers", type=int, default=2, metavar="K", help="worker processes (default: 2; on SQLite the API's own)")
    parser.add_argument("--clients", type=int, default=8, metavar="C", help="who book at once (default: 8)")
    parser.add_argument("--no-kills", action="store_true", help="let the workers live")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder even when nothing was found")
    parser.add_argument("--replay", type=pathlib.Path, metavar="JOURNAL", help="judge a kept run again")
    given = parser.parse_args()
    if given.events < 1 or given.workers < 1 or given.clients < 1:
        parser.error("events, workers and clients are counted from 1")
    if given.seconds is None:
        given.seconds = min(300.0, given.events / 20)
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1_000_000)
    return given


def say(text):
    print(text, flush=True)


def main():
    given = arguments()
    if given.replay:
        return judged(given.replay, f"--replay {shlex.quote(str(given.replay))}")
    again = f"--engine {given.engine} --events {given.events} --seconds {given.seconds:g} --seed {given.seed} --workers {given.workers}"
    say(f"seed {given.seed}: tests/delivery/run {again}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"musubi-delivery-{given.engine}-{given.seed}-", dir=os.environ.get("MUSUBI_FAULTS_DIR")))
    # A signal to stop ends the run as Ctrl-C does: no process and no database stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    path = folder / "journal.jsonl"
    try:
        with musubi.fresh_database(given.engine) as url:
            perform(given, path, musubi.Engine(given.engine, url))
    except BaseException:
        say(f"the run itself failed; what it left: {folder}")
        raise
    status = judged(path, again)
    if status == 0 and not given.keep:
        shutil.rmtree(folder)
    elif given.keep:
        say(f"kept: {folder}")
    return status


def perform(given, path, engine):
    """The run itself: leaves a journal."""
    journal = journals.Journal(path)
    journal.add("run", seed=given.seed, engine=engine.name, events=given.events, seconds=given.seconds, workers=given.workers)
    with contextlib.ExitStack() as stack:
        around = stack.enter_context(receivers.Receivers(journal, given.seed, given.events >= LONG))
        api, workers = started(given, engine, around, stack)
        stage = street.Street(api, journal, around.endpoints)
        pace = clients.Pace(given.events, given.seconds)
        crowd = clients.Crowd(given.clients, given.seed, api, stage, journal, pace)
        crowd.start()
        try:
            disturb(given, crowd, workers, around, journal)
        finally:
            crowd.stop()
        horizon = drained(engine, around, pace)
        rows.write(api, stage, journal)
        journal.add("end", horizon=horizon, at=time.time())
        for process in {*workers, api}:
            process.stop()
    journal.close()


def started(given, engine, around, stack):
    """The API, and those processes that tell people: workers, or on SQLite the API with the worker in it."""
    ways = ["--line-url", f"http://127.0.0.1:{around.line.port}", "--mail-from", SENDER]
    ways += ["--webhook-networks", "127.0.0.0/8", "--webhook-seconds", str(WEBHOOK_SECONDS)]
    variables = {node.MASTER_KEY: node.new_master_key(), "MUSUBI_SMTP_URL": f"smtp://127.0.0.1:{around.mail.port}"}
    if given.events >= LONG:
        variables["MUSUBI_LOG"] = "info"  # Each statement in the log would be most of the work.
    inline = engine.name == "sqlite"
    where = f"127.0.0.1:{node.free_port()}"
    role = ["--public-url", "http://127.0.0.1", "--public-rate", "0", *([] if inline else ["--worker", "off"])]
    api = stack.enter_context(musubi.Api(engine.url, *ways, *role, listen=where, **variables))
    if inline:
        return api, [api]
    return api, [stack.enter_context(musubi.Worker(engine.url, *ways, **variables)) for _ in range(given.workers)]


def disturb(given, crowd, workers, around, journal):
    """Kills, an outage of LINE in long runs, and progress lines, until all bookings are made."""
    rng = random.Random(f"{given.seed}/kills")
    begin = time.time()
    next_kill, next_line = begin + rng.uniform(*KILL_SECONDS), begin + PROGRESS_SECONDS
    outage = begin + given.seconds / 2 if given.events >= LONG else float("inf")
    while crowd.busy():
        around.check()
        now = time.time()
        if now >= next_kill and not given.no_kills:
            number = rng.randrange(len(workers))
            journal.add("kill", worker=number, at=time.time())
            workers[number].kill()
            journal.add("kill", worker=number, at=time.time())
            workers[number].start()
            next_kill = time.time() + rng.uniform(*KILL_SECONDS)
        if around.line.mischief.out != (outage <= now < outage + OUTAGE):
            around.line.mischief.out = not around.line.mischief.out
        if now >= next_line:
            say(f"{now - begin:4.0f} s  {crowd.pace.done} booking events, {progress(around)}")
            next_line += PROGRESS_SECONDS
        time.sleep(0.02)
    around.line.mischief.out = False
    for one in around.all:
        one.mischief.over = True


def progress(around):
    return "; ".join(f"{one.channel} {sum(one.acts.values())}" for one in around.all)


def drained(engine, around, pace):
    """Waits until nothing that is due is left: until when reminders are due."""
    begin, next_line = time.time(), time.time() + PROGRESS_SECONDS
    horizon = 60 * -(-(max(pace.end, begin) + clients.LATENESS) // 60)
    while time.time() < begin + PATIENCE:
        around.check()
        left = rows.left(engine, horizon)
        if time.time() > horizon and not any(left.values()):
            return horizon
        if time.time() >= next_line:
            say(f"  waits for {', '.join(f'{count} {name}' for name, count in left.items())}; reminders until {horizon - time.time():.0f} s from now")
            next_line += PROGRESS_SECONDS
        time.sleep(0.5)
    return horizon


def judged(path, again):
    """Judges a journal and prints the verdict; the exit code."""
    verdict = judge.judge(journals.read(path))
    for line in verdict.report():
        say(f"  {line}")
    if not verdict.findings:
        say("every promise was kept")
        return 0
    for finding in verdict.findings[:SHOWN_FINDINGS]:
        say(f"FOUND {finding}")
    if len(verdict.findings) > SHOWN_FINDINGS:
        say(f"... and {len(verdict.findings) - SHOWN_FINDINGS} more")
    say(f"journal: {path}")
    say(f"run it again: tests/delivery/run {again}")
    return 1
