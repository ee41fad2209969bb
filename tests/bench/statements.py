"""The very statements of a booking's transaction, taken from the engine itself, with parameters that can be repeated.

PostgreSQL logs statements and their parameters. MariaDB logs the statements, and sqlx those on SQLite; their parameters
are read back from the rows that the booking has left, and from what the statements compare. So that each repetition
is a new booking, ids, tokens and numbers that were made for the booking are made anew, and its dates move by whole days;
all else stays as it was. A parameter that is not understood is an error: the comparison must not quietly become another.
"""

import collections
import contextlib
import datetime
import functools
import json
import pathlib
import re
import sqlite3
import time
import urllib.parse

import musubi

# Kinds of parameters. Values of "date", "instant" and "dated" move with the day; "uuid", "bytes", "number" and "count"
# are made anew, the same for the same group.
Param = collections.namedtuple("Param", "kind value binary", defaults=(None, False))

NUMBER = re.compile(r"\d{6}-[0-9A-Z]{7}-[0-9A-Z]")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(\+00(:00)?)?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")

# Where parameters stand: in the rows of an INSERT, or behind a column that is compared, set or added to.
INSERTED = r"INSERT INTO [\"`](?P<table>\w+)[\"`] \((?P<names>[^)]*)\) VALUES (?P<rows>\([?, ]*\)(?:, \([?, ]*\))*)"
COMPARED = r"[\"`](?P<column>\w+)[\"`] (?P<operator><>|<=|>=|=|<|>|\+|BETWEEN|IN) (?P<against>\? AND \?|\?|\([?, ]*\))"
PLACES = re.compile(f"{INSERTED}|{COMPARED}")
# `table` is None but in an INSERT; `nth` counts the parameters before it with the same column and operator.
Place = collections.namedtuple("Place", "table column operator nth")
# Tables where a booking writes a row that is not its own.
SHARED = ("store_days",)


class Booked:
    """A booking that was made while its statements were noted: `begun` is a moment before it, in Unix milliseconds."""

    def __init__(self, body, begun):
        self.id, self.store, self.customer = body["id"], body["store_id"], body["customer_id"]
        self.date, self.begun = body["business_date"], begun


def book(post):
    """Makes a booking by `post`, and remembers when."""
    begun = time.time_ns() // 1_000_000
    # The next millisecond: what is older cannot have been made for the booking.
    time.sleep(0.002)
    return Booked(post(), begun)


@contextlib.contextmanager
def noted(engine, running):
    """Notes statements while the block lasts: `with noted(…) as notes`.

    Then `notes.transactions()` is a list of lists of `(sql, values)`, and `notes.said()` all statements as they can be
    explained: with their values in place, on SQLite without.
    """
    notes = {"postgres": _Postgres, "mariadb": _MariaDb, "sqlite": _Sqlite}[engine.name](engine, running)
    with notes:
        yield notes


def environment(engine):
    """What the program needs so that its statements can be noted."""
    return {"MUSUBI_LOG": "warn,sqlx::query=debug"} if engine.name == "sqlite" else {}


def arguments(engine):
    """As `environment`."""
    return ("--log-format", "json") if engine.name == "sqlite" else ()


def params(engine, sql, values, booked, seen):
    """The parameters of a statement; `seen` counts the rows of each table that earlier places have written."""
    places = places_of(sql)
    if values is None:
        values = read_back(engine, places, booked, seen)
    assert len(values) == len(places), (sql, values)
    return [classified(value, place, booked) for value, place in zip(values, places)]


def places_of(sql):
    """The place of each parameter, in their order."""
    found, before = [], collections.Counter()
    for match in PLACES.finditer(sql):
        if match["table"]:
            names = [name.strip(' "`') for name in match["names"].split(",")]
            said = [(match["table"], names[number % len(names)], "insert") for number in range(match["rows"].count("?"))]
        else:
            said = [(None, match["column"], match["operator"])] * match["against"].count("?")
        for one in said:
            found.append(Place(*one, before[one]))
            before[one] += 1
    if len(found) != sql.count("?"):
        raise RuntimeError(f"tests/bench/statements.py does not understand every parameter of: {sql}")
    return found


def read_back(engine, places, booked, seen):
    """The values of a statement's parameters where the engine notes none."""
    rows, values = {}, []
    for place in places:
        if place.table and place.table not in SHARED:
            row = place.table, place.nth
            if row not in rows:
                rows[row] = written(engine, place.table, booked, seen)
            values.append(rows[row][place.column])
        else:
            values.append(compared(engine, place, booked))
    return values


def classified(value, place, booked):
    """What becomes of a parameter when the booking is repeated. `value` is text, bytes or None."""
    binary = isinstance(value, bytes)
    if value is None:
        return Param("null")
    if place.column == "seq":
        # Repetitions cannot count on together: their chains stay at 0, and their entries get numbers of their own.
        return Param("count", value) if place.table else Param("constant", "0")
    if binary and len(value) == 16:
        value = str(musubi.uuid.UUID(bytes=value))
    if binary and len(value) == 32:
        return Param("bytes", value.hex(), True)
    if isinstance(value, bytes):
        return Param("constant", value, True)
    if re.fullmatch(r"\\x[0-9a-f]{64}", value):
        return Param("bytes", value[2:], True)
    if UUID.fullmatch(value):
        fresh = int(value.replace("-", "")[:12], 16) > booked.begun
        return Param("uuid" if fresh else "id", value, binary)
    if NUMBER.fullmatch(value):
        return Param("number", value)
    if DATE.fullmatch(value):
        return Param("date", value)
    if INSTANT.fullmatch(value):
        return Param("instant", value)
    if booked.date in value and len(value) < 100:
        return Param("dated", value)
    return Param("constant", value)


def written(engine, table, booked, seen):
    """The row of a table that the booking has left: the next one, when several statements write there."""
    owners = {"booking_id": booked.id, "subject_id": booked.id, "id": booked.id}
    rows = []
    for owner, id in owners.items():
        rows = rows_of(engine, table, owner, id)
        if rows:
            break
    nth = seen[table]
    seen[table] += 1
    if nth >= len(rows):
        raise RuntimeError(f"the booking left no row {nth + 1} in {table}")
    return rows[nth]


@functools.cache
def rows_of(engine, table, column, id):
    """Rows as dicts of text, bytes and None; none when there is no such column."""
    if engine.name == "sqlite":
        with contextlib.closing(sqlite3.connect(engine.url.removeprefix("sqlite:"))) as connection:
            connection.row_factory = sqlite3.Row
            if column not in columns_in(engine, table):
                return []
            found = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (musubi.uuid.UUID(id).bytes,))
            return [{name: value if value is None or isinstance(value, bytes) else str(value) for name, value in dict(row).items()} for row in found]
    types = columns_in(engine, table)
    if column not in types:
        return []
    binary = {name for name, kind in types.items() if any(word in kind for word in ("binary", "blob", "bytea", "uuid"))}
    if engine.name == "postgres":
        hexadecimal = {name: f"encode({name}, 'hex')" if types[name] == "bytea" else f"replace({name}::text, '-', '')" for name in binary}
        key = f"'{id}'"
    else:
        hexadecimal = {name: f"HEX(`{name}`)" for name in binary}
        key = f"X'{id.replace('-', '')}'"
    picked = ", ".join(hexadecimal.get(name, name) for name in types)
    found = musubi.query(engine, f"SELECT {picked} FROM {table} WHERE {column} = {key}")

    def value(name, text):
        if text == "NULL":
            return None
        return bytes.fromhex(text) if name in binary else text.replace("\\\\", "\\")

    return [{name: value(name, text) for name, text in zip(types, row)} for row in found]


@functools.cache
def columns_in(engine, table):
    """The columns of a table in their order, with their types."""
    if engine.name == "sqlite":
        return {row[1]: row[2] for row in musubi.query(engine, f"PRAGMA table_info({table})")}
    schema = "current_schema()" if engine.name == "postgres" else "DATABASE()"
    where = f"table_schema = {schema} AND table_name = '{table}'"
    return dict(musubi.query(engine, f"SELECT column_name, data_type FROM information_schema.columns WHERE {where} ORDER BY ordinal_position"))


def compared(engine, place, booked):
    """What a statement compares a column with, sets it to or adds to it."""
    _, column, operator, nth = place

    def own(table):
        return written(engine, table, booked, collections.Counter())

    def id(text):
        return musubi.uuid.UUID(text).bytes

    def instant(hours):
        at = datetime.datetime.fromisoformat(booked.date) + datetime.timedelta(hours=hours)
        return at.isoformat("T" if engine.name == "sqlite" else " ") + ("+00:00" if engine.name == "sqlite" else "")

    def date(days):
        return str(datetime.date.fromisoformat(booked.date) + datetime.timedelta(days=days))

    match column, operator:
        case "version", ("insert" | "+"):
            return "1"
        case "store_id", ("insert" | "="):
            return id(booked.store)
        case ("id" | "customer_id"), ("=" | "IN"):
            return id(booked.customer)
        case "chain", ("=" | "IN") if nth < 3:
            tenant = musubi.uuid.UUID(bytes=own("bookings")["tenant_id"])
            return (f"day:{booked.store}:{booked.date}", f"store:{booked.store}", f"tenant:{tenant}")[nth]
        case "hash", "=":
            return own("audit_log")["hash"]
        case "seq", "=":
            return "0"
        case "date", "insert":
            return booked.date
        case "booking_date", "BETWEEN":
            return date((-7, 7, -2, 2)[nth % 4])
        case ("occupied_to" | "occupied_from"), (">" | "<"):
            return instant(-86 if operator == ">" else 140)
        case "expires_at", ">":
            return instant(0)
        case "status", "<>":
            return "cancelled"
    raise RuntimeError(f"tests/bench/statements.py does not know what {column} {operator} is compared with")


class _Postgres:
    """log_statement, in the server's log."""

    def __init__(self, engine, _):
        self.engine = engine

    def __enter__(self):
        self.log = servers_folder() / "postgres.log"
        self._set("'all'")
        self.begin = self.log.stat().st_size

    def _set(self, value):
        musubi.query(self.engine, f"ALTER SYSTEM SET log_statement = {value}")
        musubi.query(self.engine, "SELECT pg_reload_conf()")
        time.sleep(1)  # Every connection reads it anew.

    def __exit__(self, *_):
        musubi.query(self.engine, "ALTER SYSTEM RESET log_statement")
        musubi.query(self.engine, "SELECT pg_reload_conf()")

    def transactions(self):
        return [found for by in self._records().values() for found in between(by)]

    def said(self):
        def explained(sql, values):
            literals = iter("NULL" if value is None else "'" + value.replace("'", "''") + "'" for value in values)
            return re.sub(r"\?", lambda _: next(literals), sql)

        return [explained(*statement) for by in self._records().values() for statement in by]

    def _records(self):
        time.sleep(0.2)
        said = self.log.read_bytes()[self.begin :].decode(errors="replace")
        said_by = collections.defaultdict(list)
        for pid, level, text in re.findall(r"^[-\d]+ [\d:.]+ \w+ \[(\d+)\] (LOG|DETAIL):  (.*)$", said, re.M):
            if statement := re.match(r"(?:execute [^:]*|statement): (.*)", text):
                numbered = re.findall(r"\$(\d+)", statement[1])
                assert numbered == [str(n + 1) for n in range(len(numbered))], statement[1]
                said_by[pid].append([re.sub(r"\$\d+", "?", statement[1]), []])
            elif level == "DETAIL" and text.startswith("parameters: "):
                values = re.findall(r"\$\d+ = (NULL|'(?:[^']|'')*')", text)
                said_by[pid][-1][1] = [None if value == "NULL" else value[1:-1].replace("''", "'") for value in values]
        return said_by


class _MariaDb:
    """The general log."""

    def __init__(self, engine, _):
        self.engine = engine

    def __enter__(self):
        [[name, folder]] = musubi.query(self.engine, "SELECT @@general_log_file, @@datadir")
        self.log = pathlib.Path(folder, name)
        musubi.query(self.engine, "SET GLOBAL general_log = 1")
        self.begin = self.log.stat().st_size

    def __exit__(self, *_):
        musubi.query(self.engine, "SET GLOBAL general_log = 0")

    def transactions(self):
        return [found for by in self._records().values() for found in between([[sql, None] for sql, _ in by])]

    def said(self):
        return [shown for by in self._records().values() for _, shown in by]

    def _records(self):
        """By connection, each statement as it was prepared and as it was shown."""
        time.sleep(0.2)
        said = self.log.read_bytes()[self.begin :].decode("latin-1")
        said_by, prepared = collections.defaultdict(list), {}
        # Values may hold line ends: a record begins with its connection and command.
        for by, command, text in re.findall(r"^(?:\d{6} [ \d]\d:\d\d:\d\d)?\s+(\d+) (Query|Prepare|Execute)\t(.*)$", said, re.M):
            if command == "Prepare":
                # The execution that follows is shown with its values in place, the later ones are not.
                prepared[by] = text
            else:
                said_by[by].append((prepared.pop(by, text) if command == "Execute" else text, text))
        return said_by


class _Sqlite:
    """What sqlx says. It is silent about the begin; the transaction begins with its first write."""

    def __init__(self, _, running):
        self.log = running.stderr

    def __enter__(self):
        self.begin = self.log.stat().st_size

    def __exit__(self, *_):
        pass

    def said(self):
        return [sql for by in self._records().values() for sql, _ in by]

    def _records(self):
        time.sleep(0.2)
        said_by = collections.defaultdict(list)
        for line in self.log.read_bytes()[self.begin :].decode().splitlines():
            record = json.loads(line)
            fields = record.get("fields", record)
            if "summary" in fields:
                request = json.dumps(record.get("span", record.get("id")))
                said_by[request].append([fields["db.statement"].strip() or fields["summary"], None])
        return said_by

    def transactions(self):
        found = []
        for by in self._records().values():
            writes = [nth for nth, (sql, _) in enumerate(by) if sql.startswith(("UPDATE", "INSERT", "DELETE"))]
            if writes:
                # A text of several statements is prepared one by one, by the driver as by the bare client.
                said = [[sql, None] for text, _ in by[writes[0] :] for sql in text.removesuffix(";").split(";\n")]
                found.append([["BEGIN IMMEDIATE", []], *said, ["COMMIT", []]])
        return found


def between(said):
    """The transactions in what one connection said."""
    found, open = [], None
    for statement in said:
        if re.match(r"BEGIN(?! NOT ATOMIC)|START TRANSACTION", statement[0]):
            open = []
        if open is not None:
            open.append(statement)
            if statement[0].startswith(("COMMIT", "ROLLBACK")):
                found.append(open)
                open = None
    return found


def servers_folder():
    """Where the servers' logs are, by the socket's own address."""
    port = urllib.parse.urlsplit(musubi.os.environ["MUSUBI_TEST_POSTGRES_URL"]).port
    for found in pathlib.Path(musubi.tempfile.gettempdir()).parent.glob("servers/postgres.port"):
        if int(found.read_text()) == port:
            return found.parent
    raise RuntimeError("PostgreSQL is not one of tests/bench")
