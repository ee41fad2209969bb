"""The receivers of a run, in a process of their own: whoever hands a message over waits for them alone, not for those who book."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import signal
import time
import traceback

import journal as journals
import receivers

KINDS = {"line": receivers.Line, "email": receivers.MailServer, "webhook": receivers.Endpoints}
PROCESSES = multiprocessing.get_context("spawn")


class Reception:
    """All receivers. `ports` has the port of each channel."""

    def __init__(self, path, seed, twice):
        self._pipe, theirs = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=_receive, args=(theirs, path, seed, twice), name="receivers")
        self._theirs = theirs
        self._ahead = 0.0
        self._line_out = False
        self.ports = None

    def __enter__(self):
        self._process.start()
        self._theirs.close()
        self.ports = self._pipe.recv()
        return self

    def __exit__(self, *_):
        self._pipe.close()
        self._process.join()

    def behave(self):
        """From now on they take everything."""
        self._ask("behave")

    def line_out(self, out):
        """Whether LINE is out of order."""
        if out != self._line_out:
            self._ask("line_out", out)
        self._line_out = out

    def go_ahead(self, seconds):
        """The clock of the programs is ahead by so much."""
        self._ask("go_ahead", seconds)
        self._ahead = seconds

    def learn(self, path, secret):
        """The endpoint at the path checks signatures by the secret."""
        self._ask("learn", path, secret)

    def attempts(self):
        """How many attempts each channel has seen."""
        return self._ask("attempts")

    def now(self):
        """What the clock of the programs shows."""
        return time.time() + self._ahead

    def check(self):
        """Raises when a receiver itself has failed."""
        if not self._process.is_alive():
            raise AssertionError("a receiver has failed: its traceback is above")

    def _ask(self, what, *arguments):
        self._pipe.send((what, *arguments))
        try:
            return self._pipe.recv()
        except EOFError:
            self._process.join()
            self.check()
            raise


class _Desk:
    """The same in their process."""

    def __init__(self, journal, seed, twice, readers):
        more = {"email": {"readers": readers}}
        self.all = {name: kind(journal, seed, twice, _failed, **more.get(name, {})) for name, kind in KINDS.items()}

    def behave(self):
        for one in self.all.values():
            one.mischief.out, one.mischief.over = False, True

    def line_out(self, out):
        self.all["line"].mischief.out = out

    def go_ahead(self, seconds):
        for one in self.all.values():
            one.ahead = seconds

    def learn(self, path, secret):
        self.all["webhook"].secrets[path] = secret

    def attempts(self):
        return {name: one.acts.total() for name, one in self.all.items()}


def _failed(failure):
    traceback.print_exception(failure)
    os._exit(1)


def _receive(pipe, path, seed, twice):
    # Ctrl-C ends them by the end of whoever asked for them.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    journal = journals.Journal(path, new=False)
    with concurrent.futures.ProcessPoolExecutor(1, PROCESSES) as readers:
        readers.submit(receivers.read_mail, b"\r\n.\r\n")  # It is there before the first mail is.
        asyncio.run(_serve(pipe, _Desk(journal, seed, twice, readers)))
    journal.close()


async def _serve(pipe, desk):
    """Receives until whoever asked for it goes."""
    gone = asyncio.Event()

    def asked():
        try:
            what, *arguments = pipe.recv()
        except EOFError:
            gone.set()
            return
        pipe.send(getattr(desk, what)(*arguments))

    servers = [await one.open() for one in desk.all.values()]
    pipe.send({name: one.port for name, one in desk.all.items()})
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), asked)
    await gone.wait()
    loop.remove_reader(pipe.fileno())
    for server in servers:
        server.close()
