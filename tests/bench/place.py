"""Where it is measured: durable private servers in a temporary folder, one engine at a time."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import musubi  # noqa: E402

# The public calls are measured, not their limit.
UNLIMITED = ("--public-rate", "0")
# One line for each request would measure the log; the key is the same for every start on the same database.
SETTINGS = {"MUSUBI_LOG": "warn", "MUSUBI_MASTER_KEY": "5b" * 32}

_begin = time.monotonic()


def say(text):
    """A line of progress, on standard error."""
    print(f"[{time.monotonic() - _begin:7.1f} s] {text}", file=sys.stderr, flush=True)


class Place:
    """The folder of a run, and in it the servers of the engine that is measured."""

    def __init__(self, parent=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="musubi-bench-", dir=parent))
        # PostgreSQL and MariaDB run under their own accounts when this runs as root.
        self.folder.chmod(0o755)
        self.servers = self.folder / "servers"
        (self.folder / "tmp").mkdir()
        tempfile.tempdir = str(self.folder / "tmp")

    @contextlib.contextmanager
    def engine(self, name):
        """The engine with its server running; the server and its data are gone afterwards."""
        if name == "sqlite":
            yield name
            return
        env = dict(os.environ, MUSUBI_TEST_ENGINES=name)
        script = str(ROOT / "tests" / "servers")
        try:
            started = subprocess.run([script, "start", "--durable", self.servers], env=env, stdout=subprocess.PIPE, text=True, check=True)
            os.environ.update(re.findall(r"^export (MUSUBI_TEST_\w+)=(.*)$", started.stdout, re.M))
            yield name
        finally:
            if self.servers.exists():
                subprocess.run([script, "stop", self.servers], check=True)
                shutil.rmtree(self.servers)

    @contextlib.contextmanager
    def database(self, name):
        """A fresh database of the engine; refused here is what would fill the disk."""
        with musubi.fresh_database(name) as url:
            yield musubi.Engine(name, url)

    def free_bytes(self):
        """What is left on the disk of the folder."""
        return shutil.disk_usage(self.folder).free

    def close(self):
        """Leaves nothing behind."""
        shutil.rmtree(self.folder, ignore_errors=True)


def api(engine, *arguments, **environment):
    """The program on this database as it is measured: no limit of public calls, no line for each request."""
    return musubi.Api(engine.url, *UNLIMITED, *arguments, **(SETTINGS | environment))


def quieten(running, *arguments):
    """Starts the program anew on the same data, with nothing of what it was told beyond `api` but these arguments."""
    running.arguments = UNLIMITED + arguments
    running.environment |= SETTINGS
    running.restart()


def machine():
    """What it is measured on, in a line."""
    cpu = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())[1]) // 2**20
    return f"{os.cpu_count()} cores ({cpu[1] if cpu else 'unknown'}), {memory} GiB"
