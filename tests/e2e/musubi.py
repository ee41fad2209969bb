"""What the system tests share: the real binary, fresh databases, an HTTP client, and simultaneity.

Only the standard library, and no knowledge of the program's insides: what a test sees here is what
an operator and a caller see.

    for engine in musubi.engines():
        with musubi.Api(engine.url) as api:
            client = musubi.Client(api, token=musubi.OPERATOR_KEY)
            status, headers, body = client.get("/v1/tenants/" + tenant_id)
"""

import atexit
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENGINES = ("sqlite", "postgres", "mariadb")
OPERATOR_KEY = "msb_e2e_operator_key_0123456789abcdefghijklmnopqrstuvwxyz"

READY_SECONDS = 60  # Generous: on a busy machine a slow start is not a wrong one.
STOP_SECONDS = 30
# What must never stand in a log: tokens and keys, hashes of passwords, addresses, telephone numbers, secrets of apps.
SECRET = re.compile(
    r"\bms[abort]_[\w-]{16,}|\$(?:argon2|2[aby]\$|P\$)|[\w.+-]+@[\w-]+\.[\w.-]+|\b0[5789]0-?\d{4}-?\d{4}\b|\+81\d{9,}|otpauth:|correct horse"
)
REQUEST_SECONDS = 30


# --- databases ------------------------------------------------------------------------------------


class Engine:
    """A database engine under test, with a database of its own at `url`."""

    def __init__(self, name, url):
        self.name = name
        self.url = url

    def __str__(self):
        return self.name


_database_numbers = itertools.count(1)


def engines():
    """Each engine of MUSUBI_TEST_ENGINES with a new, empty database, dropped when the caller goes on.

    An engine without a server is an error, never a silent skip: a green run must mean what it says.
    """
    wanted = os.environ.get("MUSUBI_TEST_ENGINES") or ",".join(ENGINES)
    for name in wanted.split(","):
        if name not in ENGINES:
            raise RuntimeError(f"MUSUBI_TEST_ENGINES names {name!r}; known: {', '.join(ENGINES)}")
        with fresh_database(name) as url:
            yield Engine(name, url)


@contextlib.contextmanager
def fresh_database(engine):
    """The URL of a new database of `engine`, which is gone again afterwards."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="musubi-e2e-") as folder:
            yield f"sqlite:{folder}/musubi.sqlite"
        return
    server = _server_url(engine)
    name = f"e2e_{os.getpid()}_{next(_database_numbers)}"
    _sql(engine, server, f"CREATE DATABASE {name}")
    try:
        yield server._replace(path="/" + name).geturl()
    finally:
        # FORCE: a test that failed may have left a connection, and its own failure is the one to show.
        _sql(engine, server, f"DROP DATABASE {name}" + (" WITH (FORCE)" if engine == "postgres" else ""))


def query(engine, sql):
    """Runs `sql` in the database of `engine` past the program; rows as lists of text ("NULL" for null)."""
    if engine.name == "sqlite":
        with contextlib.closing(sqlite3.connect(engine.url.removeprefix("sqlite:"), timeout=30)) as connection:
            rows = connection.execute(sql).fetchall()
            connection.commit()
        return [["NULL" if value is None else str(value) for value in row] for row in rows]
    return [line.split("\t") for line in _sql(engine.name, urllib.parse.urlsplit(engine.url), sql).splitlines()]


def number(engine, sql):
    """The one number that `sql` finds."""
    return int(query(engine, sql)[0][0])


def row_counts(engine):
    """How many rows each table has."""
    if engine.name == "sqlite":
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        schema = "DATABASE()" if engine.name == "mariadb" else "current_schema()"
        tables = f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}"
    names = sorted(row[0] for row in query(engine, tables))
    counts = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {name}" for name in names)
    return {name: int(count) for name, count in query(engine, counts)}


def settled_row_counts(engine):
    """As row_counts, when the worker has nothing left to do but what is for later: they stay as they are for a second."""
    deadline, before = time.monotonic() + 60, None
    while time.monotonic() < deadline:
        now = row_counts(engine)
        if now == before:
            return now
        before = now
        time.sleep(1)
    raise AssertionError(f"the worker of {engine} does not come to rest: {before}")


def _server_url(engine):
    variable = f"MUSUBI_TEST_{engine.upper()}_URL"
    url = os.environ.get(variable)
    if not url:
        raise RuntimeError(f"{variable} is not set: run the tests through tests/run, or leave {engine} out of MUSUBI_TEST_ENGINES")
    return urllib.parse.urlsplit(url)


def _sql(engine, url, statement):
    """What the engine's own command line client prints for `statement`, one row a line, split by tabs."""
    env = dict(os.environ)
    if engine == "postgres":
        command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--field-separator=\t", "--pset=null=NULL"]
        command += ["--set=ON_ERROR_STOP=1", f"--command={statement}", url.geturl()]
    else:
        # The password goes through the environment: arguments are for everybody to read.
        env["MYSQL_PWD"] = urllib.parse.unquote(url.password or "")
        command = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={url.hostname}", f"--port={url.port or 3306}"]
        command += [f"--user={urllib.parse.unquote(url.username or 'root')}", "--batch", "--skip-column-names"]
        command += [f"--execute={statement}", url.path.lstrip("/")]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{engine}: {statement}: {done.stderr.strip()}")
    return done.stdout


# --- the program ----------------------------------------------------------------------------------


def binary():
    """The `musubi-api` under test: $MUSUBI_API_BIN, else the release build, else the debug build."""
    named = os.environ.get("MUSUBI_API_BIN")
    if named:
        candidates = [pathlib.Path(named).absolute()]
    else:
        target = pathlib.Path(ROOT, os.environ.get("CARGO_TARGET_DIR", "target"))
        candidates = [target / build / "musubi-api" for build in ("release", "debug")]
    for path in candidates:
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    raise RuntimeError("no musubi-api to test (cargo build --release -p musubi-api): " + ", ".join(map(str, candidates)))


def clean_environment(**more):
    """This process's environment without Musubi's own settings, so that only the test's count."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MUSUBI_")}
    return kept | more


class Api:
    """A running `musubi-api` with its own data folder, on a port of its choice unless `listen` names one.

    `with Api(url) as api:` starts it and waits until it is ready; leaving the block stops it.
    `start`, `stop`, `kill` and `restart` may be used in between; the data folder stays the same.
    """

    def __init__(self, database_url, *arguments, listen="127.0.0.1:0", **environment):
        self.database_url = database_url
        self.listen = listen
        self.arguments = arguments
        # As much as can be asked for is logged, so that what must not be there would be.
        self.environment = {"MUSUBI_OPERATOR_KEY": OPERATOR_KEY, "MUSUBI_LOG": "debug"} | environment
        self.leaks = set()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="musubi-e2e-"))
        self.stdout = self.folder / "stdout.log"
        self.stderr = self.folder / "stderr.log"
        self.process = None
        self.host = self.port = None
        self.seconds_to_ready = None
        atexit.register(self.close)  # A test that dies must leave no process behind.

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind, error, trace):
        try:
            if kind is None and self.running():
                self.stop()
        finally:
            self.close()
        if kind is None:
            assert not self.leaks, f"the log tells secrets: {sorted(self.leaks)[:5]}"

    def program(self):
        """Where the program is."""
        return binary()

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts the program and returns when /readyz answers 200."""
        assert not self.running(), "already running"
        command = [self.program(), "--listen", self.listen, "--data-dir", str(self.folder / "data")]
        command += ["--database-url", self.database_url, *self.arguments]
        begin = time.monotonic()
        with open(self.stdout, "wb") as out, open(self.stderr, "wb") as err:
            env = clean_environment(**self.environment)
            self.process = subprocess.Popen(command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        try:
            self.host, self.port = self._wait_for(self._printed_address, "printed no address")
            self._wait_for(self._ready, "did not become ready")
        except BaseException:
            self.kill()
            raise
        self.seconds_to_ready = time.monotonic() - begin
        return self

    def stop(self):
        """SIGTERM; the exit code. A program that does not drain in time is killed, and that is an error."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_SECONDS)
            self._look_for_secrets()
            return code
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError(f"did not end within {STOP_SECONDS} s of SIGTERM\n{self.log()}") from None

    def kill(self):
        """SIGKILL: what a power cut or the kernel's memory killer does."""
        if self.running():
            self.process.kill()
        if self.process is not None:
            self.process.wait()
            self._look_for_secrets()

    def restart(self):
        """Stops it when it runs, and starts it on the same data (the port is another one)."""
        if self.running():
            self.stop()
        return self.start()

    def close(self):
        """Leaves nothing behind: no process, no folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.close)

    def kib(self):
        """Its resident memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+([0-9]+) kB", status)[1])

    def log(self):
        """What the program said since its last start, for messages of failed tests."""
        said = (path.read_text(errors="replace") for path in (self.stdout, self.stderr) if path.exists())
        return f"--- log of {pathlib.Path(self.program()).name}\n" + "".join(said)

    def _look_for_secrets(self):
        if self.stderr.exists():
            self.leaks |= set(SECRET.findall(self.stderr.read_text(errors="replace")))

    def _wait_for(self, attempt, complaint):
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            answer = attempt()
            if answer:
                return answer
            if not self.running():
                raise RuntimeError(f"{self.program()} ended with code {self.process.returncode} at its start\n{self.log()}")
            time.sleep(0.01)
        raise RuntimeError(f"{self.program()} {complaint} within {READY_SECONDS} s\n{self.log()}")

    def _printed_address(self):
        text = self.stdout.read_text(errors="replace")
        # The end of the line is part of the pattern: a half-written port is a wrong port.
        found = re.search(r"listening on http://([0-9.]+):([0-9]+)\b.*\n", text)
        return found and (found[1], int(found[2]))

    def _ready(self):
        with contextlib.closing(http.client.HTTPConnection(self.host, self.port, timeout=REQUEST_SECONDS)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False


class Worker(Api):
    """A running `musubi-worker`, beside others and beside `Api(url, "--worker", "off")`; both need one MUSUBI_MASTER_KEY."""

    def program(self):
        return beside("musubi-worker")


def run_to_end(*arguments, timeout=READY_SECONDS, **environment):
    """Runs the program in an empty folder until it ends by itself; the completed process, with its text."""
    with tempfile.TemporaryDirectory(prefix="musubi-e2e-") as folder:
        return subprocess.run(
            [binary(), *arguments],
            cwd=folder,
            env=clean_environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )


def beside(name):
    """The program of this name beside the server under test."""
    path = pathlib.Path(binary()).with_name(name)
    if not path.is_file():
        raise RuntimeError(f"no {name} at {path} (cargo build --release)")
    return str(path)


def tool_command(*arguments):
    """The command line of the `musubi` beside the server under test, which prints JSON."""
    return [os.environ.get("MUSUBI_BIN") or beside("musubi"), *arguments, "--json"]


def tool(engine, *arguments):
    """Runs the `musubi` beside the server under test on the database of `engine`; its JSON. It must succeed."""
    command = [*tool_command(*arguments), "--database-url", engine.url]
    ended = subprocess.run(command, env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    if ended.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
    return json.loads(ended.stdout)


# --- calls ----------------------------------------------------------------------------------------


class Client:
    """HTTP calls with kept-alive connections, one for each thread that uses the client.

    Every call returns `(status, headers, body)`: headers look up names in any case; the body is parsed
    when it is JSON, None when empty, text otherwise. Nothing is retried: a lost connection is the test's
    to see. With `idempotent=True` every POST carries a new Idempotency-Key unless the call gives its own.
    """

    def __init__(self, api, token=None, idempotent=False):
        self.api = api
        self.token = token
        self.idempotent = idempotent
        self._local = threading.local()
        self._connections = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        while self._connections:
            self._connections.pop().close()

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        if self.idempotent:
            options.setdefault("idempotency_key", str(uuid.uuid4()))
        return self.request("POST", path, body, **options)

    def patch(self, path, body=None, **options):
        return self.request("PATCH", path, body, content_type="application/merge-patch+json", **options)

    def put(self, path, body=None, **options):
        return self.request("PUT", path, body, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def request(
        self, method, path, body=None, *, params=None, headers=None, idempotency_key=None, if_match=None, content_type="application/json"
    ):
        """One call. `body` is sent as JSON; bytes go out as they are, for malformed requests."""
        if params:
            path += "?" + urllib.parse.urlencode(params, doseq=True)
        sent = {"Accept": "application/json"}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = content_type
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        if idempotency_key:
            sent["Idempotency-Key"] = idempotency_key
        if if_match is not None:
            sent["If-Match"] = if_match
        sent |= headers or {}

        connection = self._connection()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()  # Half-used; the next call connects anew.
            raise
        return answer.status, answer.headers, _parsed(answer.headers, data)

    def _connection(self):
        """This thread's connection to where the program listens now (a restart moves it)."""
        connection = getattr(self._local, "connection", None)
        if connection is None or (connection.host, connection.port) != (self.api.host, self.api.port):
            if connection is not None:
                connection.close()
            connection = http.client.HTTPConnection(self.api.host, self.api.port, timeout=REQUEST_SECONDS)
            self._local.connection = connection
            self._connections.append(connection)
        return connection


def _parsed(headers, data):
    if not data:
        return None
    kind = headers.get_content_type()
    if kind == "application/json" or kind.endswith("+json"):
        return json.loads(data)
    return data.decode(errors="replace")


def together(n, work):
    """Runs `work(i)` for i in 0..n in n threads that a barrier releases at once; the results in order.

    Every thread is waited for; then the first failure, if any, is raised.
    """
    barrier = threading.Barrier(n)
    results, failures = [None] * n, [None] * n

    def run(i):
        try:
            barrier.wait(timeout=60)
            results[i] = work(i)
        except BaseException as failure:
            failures[i] = failure

    threads = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    failed = [failure for failure in failures if failure is not None]
    if failed:
        failed[0].add_note(f"({len(failed)} of {n} simultaneous calls failed)")
        raise failed[0]
    return results
