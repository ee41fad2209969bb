"""The disk of a SQLite database is full for a while: a small tmpfs that something else fills."""

import pathlib
import subprocess
import tempfile
import time

import musubi
from injectors.fault import Fault

SIZE = 64 * 1024 * 1024


class Injector(Fault):
    name = "full-disk"
    needs = {"engines": ("sqlite",)}

    def prepare(self, ground):
        self.disk = pathlib.Path(ground.stack.enter_context(tempfile.TemporaryDirectory(prefix="musubi-disk-")))
        # Mounting is for root alone.
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(self.disk)], check=True)
        ground.stack.callback(subprocess.run, ["umount", "--lazy", str(self.disk)], check=True)
        ground.urls[:] = [f"sqlite:{self.disk}/shops.sqlite"] * len(ground.urls)
        ground.engine = musubi.Engine("sqlite", ground.urls[0])
        self.filling = self.disk / "filling"

    def step(self, rng):
        # Some room may be left: then writing fails in the middle of a transaction, and not at its beginning.
        left = rng.choice([0, rng.randrange(200_000)])
        self._fill(left)
        self.note("the disk is full")
        seconds = rng.uniform(1, 4)
        time.sleep(seconds)
        self.filling.unlink()
        return f"the disk was full for {seconds:.1f} s, but for {left} bytes"

    def stop(self):
        self.filling.unlink(missing_ok=True)

    def _fill(self, left):
        piece = bytes(64 * 1024)
        with open(self.filling, "wb", buffering=0) as file:
            try:
                while file.write(piece) == len(piece):
                    pass
            except OSError:
                pass
            if left:
                file.truncate(max(0, file.tell() - left))
