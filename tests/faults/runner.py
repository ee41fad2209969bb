"""One run: the workload with faults on one database, then the auditor's verdict on everything that was promised."""

import argparse
import contextlib
import json
import os
import pathlib
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time

import auditor
import ground as grounds
import injectors
import journal as journals
import musubi
import node
import shops as shops_of
import snapshot
import workload

DESCRIPTION = "Run the workload with faults on one database, then let the auditor judge everything that was promised."
EXAMPLES = """\
examples:
  tests/faults/run --engine sqlite --seconds 60                       a minute of concurrency, no faults
  tests/faults/run --engine postgres --fault kill-api --nodes 2       two nodes, one of them killed all the time
  tests/faults/run --engine mariadb --seed 42 --actors 24 --keep      what seed 42 does; everything is kept
  tests/faults/run --replay FOLDER/journal.jsonl                      judge a kept run again

Servers: MUSUBI_TEST_POSTGRES_URL and MUSUBI_TEST_MARIADB_URL say where a database may be made; binaries: MUSUBI_API_BIN.
Exit code: 0 every promise was kept, 1 findings, 2 wrong arguments."""

STEP_SECONDS = (2.0, 4.0)  # Between two faults.
PROGRESS_SECONDS = 5.0
SHOWN_FINDINGS = 20


class World:
    """What a fault injector can reach."""

    def __init__(self, engine, nodes, rng, journal):
        self.engine = engine
        self.nodes = nodes
        self.rng = rng
        self.journal = journal


def arguments():
    known = injectors.every()
    parser = argparse.ArgumentParser(
        prog="tests/faults/run", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=musubi.ENGINES, default="sqlite", help="the database (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="how long the workload runs (default: 60)")
    parser.add_argument("--calls", type=int, default=0, metavar="N", help="go on until so many calls were made (default: 0)")
    parser.add_argument("--seed", type=int, metavar="S", help="of all random decisions (default: a new one, printed)")
    parser.add_argument("--actors", type=int, default=12, metavar="A", help="clients at once (default: %(default)s)")
    parser.add_argument("--nodes", type=int, default=1, metavar="K", help="API processes on the database (default: 1)")
    parser.add_argument("--fault", default="none", metavar="NAME[,NAME]", help=f"faults: {', '.join(sorted(known))} (default: none)")
    parser.add_argument("--keep", action="store_true", help="keep the run's folder even when nothing was found")
    parser.add_argument("--replay", type=pathlib.Path, metavar="JOURNAL", help="judge a kept run again, from its folder")
    given = parser.parse_args()
    given.faults = []
    for name in given.fault.split(","):
        if name not in known:
            parser.error(f"no fault is called {name!r}; known: {', '.join(sorted(known))}")
        fault = known[name]
        if given.engine not in fault.needs.get("engines", musubi.ENGINES):
            parser.error(f"{name} is not for {given.engine}")
        if given.nodes < fault.needs.get("nodes", 1):
            parser.error(f"{name} needs --nodes {fault.needs['nodes']}")
        given.faults.append(fault)
    if given.engine == "sqlite" and given.nodes > 1:
        parser.error("one process at a time opens a SQLite database: --nodes 1")
    if given.seed is None:
        given.seed = random.SystemRandom().randrange(1_000_000)
    return given


def say(text):
    print(text, flush=True)


def main():
    given = arguments()
    if given.replay:
        folder = given.replay.parent
        return judged(folder, auditor.audit_folder(folder), f"--replay {shlex.quote(str(given.replay))}")
    again = f"--engine {given.engine} --seconds {given.seconds:g} --seed {given.seed} --actors {given.actors} --nodes {given.nodes} --fault {given.fault}"
    say(f"seed {given.seed}: tests/faults/run {again}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"musubi-faults-{given.engine}-{given.seed}-", dir=os.environ.get("MUSUBI_FAULTS_DIR")))
    # A signal to stop ends the run as Ctrl-C does: no process and no database stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        faults = [fault() for fault in given.faults]
        with grounds.of(given.engine, given.nodes, faults, given.seed) as ground:
            perform(given, folder, ground, faults)
    except BaseException:
        say(f"the run itself failed; what it left: {folder}")
        raise
    status = judged(folder, auditor.audit_folder(folder), again)
    if status == 0 and not given.keep:
        shutil.rmtree(folder)
    elif given.keep:
        say(f"kept: {folder}")
    return status


def perform(given, folder, ground, faults):
    """The run itself: leaves journal, final database and the program's own verdict on its audit log in `folder`."""
    journal = journals.Journal(folder / "journal.jsonl")
    engine = ground.engine
    journal.add("run", seed=given.seed, engine=engine.name, actors=given.actors, nodes=given.nodes, faults=given.fault)
    rng = random.Random(f"{given.seed}/faults")
    key = node.new_master_key()
    with contextlib.ExitStack() as stack:
        nodes = [stack.enter_context(node.Node(url, key, **ground.environment)) for url in ground.urls]
        token, shops = shops_of.set_up(nodes[0], journal)
        world = World(engine, nodes, rng, journal)
        crew = workload.Workload(given.seed, given.actors, nodes, token, shops, journal)
        for fault in faults:
            fault.start(world)
        crew.start()
        try:
            disturb(given, crew, faults, rng, journal)
        finally:
            for fault in faults:
                fault.stop()
            journal.note("faults are over", fault=False)
            crew.stop()
        for each in nodes:
            each.stop()
    verified = musubi.tool(engine, "verify", "audit")
    rows, *copies = map(snapshot.take, ground.every_engine())
    if any(unordered(copy) != unordered(rows) for copy in copies):
        raise RuntimeError("the nodes of the cluster hold different rows")
    (folder / "database.json").write_text(json.dumps(rows | {"verified": verified}), encoding="utf-8")
    journal.close()
    say(f"{crew.tally}; longest call {crew.tally.longest:.1f} s")


def unordered(rows):
    """The rows of each table, comparable whatever order they were read in."""
    return {table: sorted(json.dumps(row, sort_keys=True) for row in some) for table, some in rows.items() if table in snapshot.TABLES}


def disturb(given, crew, faults, rng, journal):
    """Faults and progress lines until the time is over."""
    over = time.monotonic() + given.seconds
    next_step = time.monotonic() + rng.uniform(*STEP_SECONDS)
    next_line = time.monotonic() + PROGRESS_SECONDS
    while (now := time.monotonic()) < over or crew.tally.outcomes["calls"] < given.calls:
        crew.check()
        if now >= next_step:
            fault = rng.choice(faults)
            journal.note(f"{fault.name} begins", fault=fault.name != "none", step=fault.name)
            if told := fault.step(rng):
                journal.note(told, fault=True)
            next_step = time.monotonic() + rng.uniform(*STEP_SECONDS)
        if now >= next_line:
            say(f"{now - over + given.seconds:4.0f} s  {crew.tally}")
            next_line += PROGRESS_SECONDS
        time.sleep(0.05)


def judged(folder, verdict, again):
    """Prints the verdict; the exit code."""
    say(str(verdict))
    if not verdict.findings:
        return 0
    for finding in verdict.findings[:SHOWN_FINDINGS]:
        say(f"FOUND {finding}")
    if len(verdict.findings) > SHOWN_FINDINGS:
        say(f"... and {len(verdict.findings) - SHOWN_FINDINGS} more")
    say(f"journal and final database: {folder}")
    say(f"judge them again:  tests/faults/run --replay {folder}/journal.jsonl")
    say(f"run it again:      tests/faults/run {again}")
    return 1
