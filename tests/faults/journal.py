"""The journal of a run: one JSON object a line, only ever added to. With the final database it is all that the auditor reads.

    {"kind": "run", "seed": 7, ...}         first line: how the run was asked for
    {"kind": "shop", "id": ..., ...}        the settings of a shop, as it was set up
    {"kind": "call", "op": "s7-a3-n12", ...} one HTTP call from its first byte to its outcome
    {"kind": "note", "text": ..., ...}      what a fault injector did

Times are seconds of the monotonic clock of this machine (`begin`, `end`), and of its wall clock (`wall_begin`, `wall_end`).
"""

import json
import os
import threading
import time


class Journal:
    """A new one, or with `new=False` one that other processes add to, too: a line is there whole or not at all."""

    def __init__(self, path, new=True):
        self.path = path
        self._file = open(path, "ab", buffering=0, opener=lambda name, flags: os.open(name, flags | (os.O_EXCL if new else 0), 0o644))
        self._lock = threading.Lock()

    def add(self, kind, **fields):
        line = json.dumps({"kind": kind} | fields, ensure_ascii=False, separators=(",", ":")) + "\n"
        with self._lock:
            self._file.write(line.encode())

    def note(self, text, **fields):
        """What happened to the world just now. `fault=True` opens a time in which calls may fail, as does every later one.

        `clock_offset` says by how many seconds the nodes' clock is ahead of this machine's from now on.
        """
        self.add("note", text=text, at=time.monotonic(), wall=time.time(), **fields)

    def close(self):
        with self._lock:
            self._file.close()


def read(path):
    """Every entry, with its line number as `line`."""
    entries = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            entries.append(json.loads(line) | {"line": number})
    return entries
