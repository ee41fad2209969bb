"""LINE's Messaging API as fast as it can be: it takes everything, and remembers when what came."""

import asyncio
import multiprocessing
import re
import signal
import time

PROCESSES = multiprocessing.get_context("spawn")
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TAKEN = b'{"sentMessages":[{"id":"461230966"}]}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_TAKEN), _TAKEN)


class Sink:
    """It, in a process of its own. What contains `many` is only counted; of the rest each body is kept."""

    def __init__(self, many):
        self._pipe, self._theirs = PROCESSES.Pipe()
        self._process = PROCESSES.Process(target=_run, args=(self._theirs, many.encode()), name="sink", daemon=True)
        self.port = None

    def __enter__(self):
        self._process.start()
        self._theirs.close()
        self.port = self._pipe.recv()
        return self

    def __exit__(self, *_):
        self._pipe.close()
        self._process.join()

    def seen(self):
        """How many of the many came, when the first and the last of them, and since the last call of the rest when each and its body."""
        self._pipe.send(None)
        return self._pipe.recv()


class _Connection(asyncio.Protocol):
    def __init__(self, memory):
        self.memory = memory
        self.held = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(self.held, 0, end)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self.held) < whole:
                return
            self.memory.take(self.held[end + 4 : whole])
            self.held = self.held[whole:]
            self.transport.write(_ANSWER)


class _Memory:
    def __init__(self, many):
        self.many = many
        self.count, self.first, self.last, self.rest = 0, None, None, []

    def take(self, body):
        now = time.time()
        if self.many in body:
            self.count, self.first, self.last = self.count + 1, self.first or now, now
        else:
            self.rest.append((now, body.decode()))

    def told(self):
        rest, self.rest = self.rest, []
        return self.count, self.first, self.last, rest


def _run(pipe, many):
    # Ctrl-C ends it by the end of whoever asked for it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_serve(pipe, _Memory(many)))


async def _serve(pipe, memory):
    gone = asyncio.Event()

    def asked():
        try:
            pipe.recv()
        except EOFError:
            gone.set()
            return
        pipe.send(memory.told())

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(memory), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    loop.add_reader(pipe.fileno(), asked)
    await gone.wait()
    loop.remove_reader(pipe.fileno())
    server.close()
