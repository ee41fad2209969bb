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

import journal as journals
import musubi

import away
import judge
import kills
import reception

DESCRIPTION = "Make booking events while receivers misbehave and workers are killed; then judge what everybody was told."
EXAMPLES = """\
examples:
  tests/delivery/run --engine sqlite                                  300 booking events; the API with the worker in it is killed
  tests/delivery/run --engine postgres --events 10000                 at length, with two workers
  tests/delivery/run --engine mariadb --workers 3 --seed 42 --keep    what seed 42 does; the journal is kept
  tests/delivery/run --engine postgres --away                         300 reminders that have gathered for a day
  tests/delivery/run --replay FOLDER/journal.jsonl                    judge a kept run again

Servers: MUSUBI_TEST_POSTGRES_URL and MUSUBI_TEST_MARIADB_URL say where a database may be made; binaries: MUSUBI_API_BIN, and
musubi-worker beside it. Exit code: 0 every promise was kept, 1 findings, 2 wrong arguments."""

LONG = 3000  # Events from which on receivers also fail a second time, and LINE is out of order for a while.
SHOWN_FINDINGS = 20


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
    parser.add_argument("--away", action="store_true", help="instead: reminders of a day gather while no worker is there")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder even when nothing was found")
    parser.add_argument("--replay", type=pathlib.Path, metavar="JOURNAL", help="judge a kept run again")
    given = parser.parse_args()
    if given.events < 1 or given.workers < 1 or given.clients < 1:
        parser.error("events, workers and clients are counted from 1")
    given.long = given.events >= LONG
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
    again += " --away" if given.away else ""
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
        around = stack.enter_context(reception.Reception(path, given.seed, given.long))
        scene = away if given.away else kills
        scene.perform(given, engine, around, journal, stack, say)
    journal.close()


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
