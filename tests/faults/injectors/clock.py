"""The clock of the nodes' host jumps, forward and back, by seconds to days; the monotonic clock goes on (libfaketime)."""

import pathlib
import tempfile

from injectors.fault import Fault

JUMPS = (5, 60, 15 * 60, 3600, 24 * 3600)


class Injector(Fault):
    name = "clock"

    def prepare(self, ground):
        self.folder = pathlib.Path(ground.stack.enter_context(tempfile.TemporaryDirectory(prefix="musubi-clock-")))
        self.file = self.folder / "offset"
        self._set(0)
        ground.environment |= variables(self.file)

    def step(self, rng):
        # Half of the jumps go home again, so that most of the run is near the present.
        offset = 0 if self.offset and rng.random() < 0.5 else rng.choice(JUMPS) * rng.choice((-1, 1))
        self._set(offset)
        self.note(f"the nodes' clock is {offset} s ahead", clock_offset=offset)
        return f"clock {offset:+d} s"

    def stop(self):
        self._set(0)
        self.note("the nodes' clock is right again", clock_offset=0)

    def _set(self, offset):
        self.offset = offset
        write(self.file, offset)


def variables(file):
    """With these a program's clock is ahead by what the file says."""
    return {
        "LD_PRELOAD": str(_library()),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def write(file, offset):
    """Says in the file by how many seconds."""
    # Renamed into place: a program must never read half a number.
    new = file.with_name("new")
    new.write_text(f"{offset:+d}\n", encoding="ascii")
    new.rename(file)


def _library():
    for path in sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")):
        return path
    raise RuntimeError("libfaketime is not installed (Debian: apt-get install faketime)")
