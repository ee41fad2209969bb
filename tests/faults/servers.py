"""Private database servers that may be killed: on loopback, on free ports, durable, each in a session of its own.

    with servers.Postgres() as server:
        url = server.create("shop")
        server.kill()
        server.restart()

Those of tests/servers trade durability for speed. These do not: what they acknowledged must outlive `kill -9`.
"""

import atexit
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from node import free_port

READY_SECONDS = 90  # Generous: a recovery after a crash on a busy machine is slow, not wrong.
STOP_SECONDS = 20
ATTEMPTS = 5  # A free port can be taken between picking it and binding it.


def program(name, package):
    """The path of a server's program, which is not always on everybody's PATH."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise RuntimeError(f"{name} is not installed (Debian: apt-get install {package})")
    return found


class Server:
    """One server process with a folder of its own; `user` runs it when this program runs as root."""

    name = user = None

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"musubi-{self.name}-"))
        self.log = self.folder / "log"
        self.port = free_port()
        self.process = None
        self.prepared = False
        atexit.register(self.close)  # A run that dies must leave no server behind.

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts it and returns when it answers."""
        if not self.prepared:
            self._own()
            self.prepare()
        for _ in range(1 if self.prepared else ATTEMPTS):
            self.launch()
            if self.wait_ready():
                self.prepared = True
                return self
            self.take_ports()
        raise RuntimeError(f"{self.name} did not start\n{self.tail()}")

    def launch(self):
        """Starts it without waiting for it."""
        assert not self.running(), f"{self.name} runs already"
        with open(self.log, "ab") as log:
            self.process = self._popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def wait_ready(self):
        """Whether it answered in time; False: it ended instead."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.ready():
                return True
            if not self.running():
                return False
            time.sleep(0.05)
        raise RuntimeError(f"{self.name} gave no answer within {READY_SECONDS} s\n{self.tail()}")

    def kill(self):
        """`kill -9` of every process of the server at once."""
        if self.running():
            children = _children(self.process.pid)
            self.process.kill()
            for child in children:
                _signal(child, signal.SIGKILL)
            _gone(children)
        if self.process is not None:
            self.process.wait()

    def stop_immediate(self):
        """Ends it at once, without regard to what runs; it recovers at its next start."""
        raise NotImplementedError

    def restart(self):
        """Starts it again on the same port and data."""
        self.launch()
        if not self.wait_ready():
            raise RuntimeError(f"{self.name} did not start again\n{self.tail()}")

    def close(self):
        """Leaves nothing behind: no process, no folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def tail(self):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-30:])

    def hold(self, database, locking, seconds):
        """Keeps what the query `locking` locks for so long."""
        session = self.session(database)
        session.say("BEGIN")
        session.say(locking)
        time.sleep(seconds)
        session.say("ROLLBACK")
        session.close()

    def session(self, database):
        """An open session of the engine's command line client."""
        raise NotImplementedError

    def prepare(self):
        """Makes the data folder."""
        raise NotImplementedError

    def command(self):
        """Program and arguments of the server."""
        raise NotImplementedError

    def ready(self):
        """Whether it answers."""
        raise NotImplementedError

    def take_ports(self):
        self.port = free_port()

    def _own(self):
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user, self.user)

    def _popen(self, command, **options):
        if os.geteuid() == 0:
            options |= {"user": self.user, "group": self.user, "extra_groups": []}
        # The account may not write to the temporary folder of whoever runs this.
        own = os.environ | {"TMPDIR": str(self.folder)}
        return subprocess.Popen(command, cwd=self.folder, env=own, **options)

    def _run(self, command):
        """Runs a helper to its end under the server's account."""
        with open(self.log, "ab") as log:
            ended = self._popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log).wait(READY_SECONDS)
        if ended != 0:
            raise RuntimeError(f"{command[0]} ended with {ended}\n{self.tail()}")


class Postgres(Server):
    """PostgreSQL; `settings` are added to its command line as `-c name=value`."""

    name, user = "postgres", "postgres"

    def __init__(self, **settings):
        super().__init__()
        self.settings = {"max_connections": 200, "shared_buffers": "64MB"} | settings
        self.bin = _postgres_bin()

    def prepare(self):
        flags = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        self._run([f"{self.bin}/initdb", f"--pgdata={self.folder}/data", *flags])

    def command(self):
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        where = ["-D", f"{self.folder}/data", "-k", str(self.folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        return [f"{self.bin}/postgres", *where, *settings]

    def ready(self):
        return _succeeds([f"{self.bin}/pg_isready", "--quiet", f"--host={self.folder}", f"--port={self.port}"])

    def stop_immediate(self):
        # What `pg_ctl stop -m immediate` sends.
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(STOP_SECONDS)

    def url(self, database="postgres", port=None):
        return f"postgres://postgres@127.0.0.1:{port or self.port}/{database}"

    def sql(self, statement, database="postgres"):
        where = [f"--host={self.folder}", f"--port={self.port}", "--username=postgres", f"--dbname={database}"]
        return _output(["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", *where, f"--command={statement}"])

    def create(self, database):
        self.sql(f"CREATE DATABASE {database}")
        return self.url(database)

    def turn_away(self, database):
        """Ends every session of the database and lets nobody in."""
        self.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
        self.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")

    def let_in(self, database):
        self.sql(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")

    def session(self, database):
        where = [f"--host={self.folder}", f"--port={self.port}", "--username=postgres", f"--dbname={database}"]
        return Session(["psql", "--no-psqlrc", "--quiet", *where])


class MariaDb(Server):
    """MariaDB; `settings` are added to its command line as `--name=value`."""

    name, user = "mariadb", "mysql"

    def __init__(self, **settings):
        super().__init__()
        self.settings = {"max-connections": 200, "innodb-buffer-pool-size": "64M"} | settings
        self.take_ports()

    def take_ports(self):
        super().take_ports()
        # A door of its own for whoever runs the server, also when all other connections are taken.
        self.back_door = free_port()

    def prepare(self):
        flags = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-log-bin"]
        install = program("mariadb-install-db", "mariadb-server")
        self._run([install, "--no-defaults", f"--datadir={self.folder}/data", *flags])

    def command(self):
        # --no-defaults: the machine's own configuration must not reach the tests.
        paths = [f"--datadir={self.folder}/data", f"--socket={self.folder}/socket", f"--pid-file={self.folder}/pid"]
        where = ["--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve", "--character-set-server=utf8mb4"]
        where += [f"--extra-port={self.back_door}", "--extra-max-connections=8"]
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        return [program("mariadbd", "mariadb-server"), "--no-defaults", *paths, *where, *settings]

    def ready(self):
        return _succeeds([*self._client("mariadb-admin"), "ping"])

    def stop_immediate(self):
        # InnoDB then leaves everything to the recovery at the next start, as after a crash.
        self.sql("SET GLOBAL innodb_fast_shutdown = 2")
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def url(self, database="mysql", port=None):
        return f"mysql://root@127.0.0.1:{port or self.port}/{database}"

    def sql(self, statement, database="mysql"):
        return _output([*self._client("mariadb"), "--batch", "--skip-column-names", f"--execute={statement}", database])

    def create(self, database):
        self.sql(f"CREATE DATABASE {database}")
        return self.url(database)

    def turn_away(self, database):
        """Ends every session of the database, and lets in fewer than want to come."""
        self.sql("SET GLOBAL max_connections = 10")
        for line in self.sql(f"SELECT id FROM information_schema.processlist WHERE db = '{database}'").split():
            with contextlib.suppress(RuntimeError):
                self.sql(f"KILL CONNECTION {line}")

    def let_in(self, database):
        self.sql(f"SET GLOBAL max_connections = {self.settings['max-connections']}")

    def session(self, database):
        return Session([*self._client("mariadb"), "--batch", database])

    def _client(self, name):
        return [name, "--no-defaults", "--user=root", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.back_door}"]


class Session:
    """A session of the engine's command line client that stays open; `command` reads statements from its input."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def say(self, statement):
        self.process.stdin.write(statement + ";\n")
        self.process.stdin.flush()

    def close(self):
        self.process.stdin.close()
        self.process.wait(STOP_SECONDS)


def _postgres_bin():
    """Debian keeps PostgreSQL's programs off PATH, and its pg_config may belong to a version without a server."""
    folders = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if shutil.which("pg_config"):
        folders.insert(0, pathlib.Path(_output(["pg_config", "--bindir"]).strip()))
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def _succeeds(command):
    quiet = subprocess.DEVNULL
    return subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, timeout=READY_SECONDS).returncode == 0


def _output(command):
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=READY_SECONDS)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {ended.stderr.strip()}")
    return ended.stdout


def _children(parent):
    """The pids of the processes that `parent` started: PostgreSQL's are in sessions of their own."""
    pids = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            found = re.search(r"\) . ([0-9]+) ", stat.read_text(errors="replace"))
        except OSError:
            continue  # It ended meanwhile.
        if found and int(found[1]) == parent:
            pids.append(int(stat.parent.name))
    return pids


def _signal(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _gone(pids):
    """Waits until none of these runs: PostgreSQL refuses to start while one still has its memory."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline and any(_alive(pid) for pid in pids):
        time.sleep(0.01)


def _alive(pid):
    try:
        state = re.search(r"\) (.) ", pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except OSError:
        return False
    # In a container without an init the dead that nobody has collected stay for good.
    return state is not None and state[1] not in "ZX"
