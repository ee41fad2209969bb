#!/usr/bin/env python3
"""A TCP proxy that misbehaves on command: resets, stalls, loses, delays, and answers by halves.

    with proxy.Proxy(port=5432, seed=7) as link:
        link.say("stall")          # nothing passes until the next command
        link.say("pass")

It is a process of its own, so that it does not slow down the program that uses it.
"""

import argparse
import asyncio
import contextlib
import os
import random
import socket
import struct
import subprocess
import sys

COMMANDS = """\
pass         forwards again
reset        resets every connection; new ones pass
refuse       resets every connection, and new ones as they come
stall        keeps everything that comes, in both directions, until it passes again
hole         loses all that connections of now send, for good and without closing them; new ones pass
delay S      keeps each piece for up to S seconds
half N       cuts the next N answers in the middle
"""


class Link:
    """One connection through the proxy."""

    def __init__(self, *writers):
        self.writers = writers
        self.lost = False

    def reset(self):
        for writer in self.writers:
            # Lingering for no time: the other side sees a reset instead of an orderly end.
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError, AttributeError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Forwarder:
    """What the process of the proxy does."""

    def __init__(self, port, seed):
        self.port = port
        self.random = random.Random(seed)
        self.links = set()
        self.open = asyncio.Event()
        self.open.set()
        self.refusing = False
        self.delay = 0.0
        self.halves = 0

    def obey(self, line):
        command, _, value = line.partition(" ")
        self.refusing = command == "refuse"
        self.delay = float(value) if command == "delay" else 0.0
        self.halves = int(value) if command == "half" else 0
        if command == "stall":
            self.open.clear()
        else:
            self.open.set()
        for link in list(self.links):
            if command in ("reset", "refuse"):
                link.reset()
            elif command == "hole":
                link.lost = True

    async def accept(self, reader, writer):
        if self.refusing:
            Link(writer).reset()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            Link(writer).reset()
            return
        link = Link(writer, far_writer)
        self.links.add(link)
        try:
            await asyncio.gather(self.pump(link, reader, far_writer, False), self.pump(link, far_reader, writer, True))
        finally:
            self.links.discard(link)

    async def pump(self, link, reader, writer, answers):
        with contextlib.suppress(OSError):
            while piece := await reader.read(65536):
                await self.open.wait()
                if link.lost:
                    continue
                if self.delay:
                    await asyncio.sleep(self.random.random() * self.delay)
                if answers and self.halves:
                    self.halves -= 1
                    writer.write(piece[: len(piece) // 2])
                    with contextlib.suppress(OSError):
                        await asyncio.wait_for(writer.drain(), 1)
                    link.reset()
                    return
                writer.write(piece)
                await writer.drain()
        # A connection that was lost is not closed either: nobody learns that the other side has gone.
        if not link.lost:
            await self.open.wait()
            with contextlib.suppress(OSError):
                writer.close()


async def forward(port, listen, seed):
    forwarder = Forwarder(port, seed)
    server = await asyncio.start_server(forwarder.accept, "127.0.0.1", listen)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    # Whoever started it has gone when the commands end.
    while line := await lines.readline():
        forwarder.obey(line.decode().strip())
        print("done", flush=True)
    # The connections go with the process.
    os._exit(0)


class Proxy:
    """Runs the proxy in front of 127.0.0.1:`port`; it listens on `self.port`."""

    def __init__(self, port, seed=0, listen=0):
        command = [sys.executable, __file__, "--listen", str(listen), "--seed", str(seed), str(port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def say(self, command):
        """Gives a command and returns when it is in force."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        if self.process.stdout.readline() != "done\n":
            raise RuntimeError(f"the proxy ended at {command!r}")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def main():
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="commands on standard input:\n" + COMMANDS, formatter_class=shape)
    parser.add_argument("port", type=int, help="where to forward to, on 127.0.0.1")
    parser.add_argument("--listen", type=int, default=0, help="port to listen on (default: any free one, which is printed)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the lengths of delays")
    arguments = parser.parse_args()
    asyncio.run(forward(arguments.port, arguments.listen, arguments.seed))


if __name__ == "__main__":
    main()
