"""A bare client that repeats noted transactions: pgbench on PostgreSQL, sysbench on MariaDB, Python's sqlite3 on SQLite."""

import collections
import contextlib
import datetime
import random
import re
import sqlite3
import subprocess
import tempfile
import time
import urllib.parse
import uuid

import load
import musubi
import statements

BITS = 4503599627370495


class Recipe:
    """The statements of a transaction, and for each place (a store) their parameters on the first of `days` days.

    With `full`, a day is filled with so many before the next; else any day is taken. `done` counts what was repeated.
    """

    def __init__(self, texts, places, days, booked, full=None):
        self.texts, self.places, self.days, self.booked, self.full = texts, places, days, booked, full
        self.step = STEP if full else 1
        self.done, self.lists = 0, {}

    def moved(self, text):
        """A text on each of the days."""
        found = self.lists.get(text, [])
        if len(found) != self.days:
            found = self.lists[text] = [moved(text, number * self.step) for number in range(self.days)]
        return found


def noted(engine, transactions, booked, days, full=None):
    """The recipe of transactions that made these bookings, one for each place."""
    by_booking = {one: transaction_of(one, transactions) for one in booked}
    texts = [sql for sql, _ in by_booking[booked[0]]]
    places = []
    for one, transaction in by_booking.items():
        assert [sql for sql, _ in transaction] == texts, "bookings differ in their statements"
        seen = collections.Counter()
        places.append([statements.params(engine, sql, values, one, seen) if "?" in sql else [] for sql, values in transaction])
    return Recipe(texts, places, days, booked[0], full)


# Days that a hot recipe can fill, and how far apart they are: no booking reaches from one to the next.
HOT_DAYS = 1000
STEP = 11


def prepare(engine, hot):
    """Makes the days that are there ready to be repeated; the program cannot book on them any more.

    The chains' counters stand at 0: see `statements.classified`. The hot recipe gets more days, each with the rows that
    the first booking of a day writes.
    """
    tables = musubi.row_counts(engine)
    if "audit_chains" in tables:
        musubi.query(engine, "UPDATE audit_chains SET seq = 0 WHERE chain LIKE 'day:%'")
    first = datetime.date.fromisoformat(hot.booked.date)
    days = [str(first + datetime.timedelta(days=number)) for number in range(0, HOT_DAYS * STEP, STEP)][1:]
    hex = hot.booked.store.replace("-", "")
    store = f"'{hot.booked.store}'" if engine.name == "postgres" else f"X'{hex}'"
    if "store_days" in tables:
        # Some of them are there already, as the first days of every recipe.
        musubi.query(engine, f"DELETE FROM store_days WHERE date > '{first}' AND store_id = {store}")
        copies(engine, "store_days", "date", days, f"date = '{first}' AND store_id = {store}")
    if "audit_chains" in tables:
        chain = f"day:{hot.booked.store}:"
        musubi.query(engine, f"DELETE FROM audit_chains WHERE chain > '{chain}{first}' AND chain < '{chain}9'")
        copies(engine, "audit_chains", "chain", [chain + day for day in days], f"chain = '{chain}{first}'")
    hot.days = HOT_DAYS


def copies(engine, table, column, values, where):
    """Copies of a row that differ in one column."""
    columns = statements.columns_in(engine, table)
    cast = f"CAST('%s' AS {columns[column]})" if engine.name == "postgres" else "'%s'"
    for begin in range(0, len(values), 50):
        rows = (
            f"SELECT {', '.join(cast % value if name == column else name for name in columns)} FROM {table} WHERE {where}"
            for value in values[begin : begin + 50]
        )
        musubi.query(engine, f"INSERT INTO {table} ({', '.join(columns)}) {' UNION ALL '.join(rows)}")


def transaction_of(booked, transactions):
    """The transaction of a booking: by its id where values are noted, else the last one that inserts a booking."""
    writing = [found for found in transactions if any(re.search(r'INSERT INTO ["`]?bookings["`]? ', sql) for sql, _ in found)]
    assert writing, "no transaction that inserts a booking was noted"
    for found in writing:
        if any(values and booked.id in values for _, values in found):
            return found
    return writing[-1]


def run(engine, recipe, connections, seconds):
    """Repeats it with so many connections; the figures."""
    before = settled(engine)
    seen = {"postgres": pgbench, "mariadb": sysbench, "sqlite": python}[engine.name](engine, recipe, connections, seconds)
    check(recipe, seen.requests, before, state(engine))
    recipe.done += seen.requests
    if recipe.full and recipe.done > recipe.days * recipe.full:
        raise RuntimeError("the bare client has filled every day: shorter rounds, or more HOT_DAYS")
    return seen


# How many rows each table has, and what bookings write in rows that are there: days, and the ends of their chains.
State = collections.namedtuple("State", "rows days ends")


def state(engine):
    hash = "encode(hash, 'hex')" if engine.name == "postgres" else "HEX(hash)"
    days = musubi.query(engine, "SELECT version FROM store_days ORDER BY store_id, date")
    ends = musubi.query(engine, f"SELECT {hash} FROM audit_chains WHERE chain LIKE 'day:%' ORDER BY chain")
    return State(musubi.row_counts(engine), [int(day[0]) for day in days], [end[0] for end in ends])


def settled(engine):
    """The state once the program has finished the bookings whose answers nobody awaited."""
    then, now = None, state(engine)
    while then != now:
        then, now = now, state(engine)
    return now


def check(recipe, repetitions, then, now):
    """That each repetition was a booking: one row more in each table it writes to, and its day and that day's chain written."""
    tables = set(re.findall(r"INSERT INTO [\"`](\w+)", " ".join(recipe.texts))) - set(statements.SHARED)
    grown = {table: now.rows[table] - then.rows[table] for table in sorted(tables)}
    grown["store_days"] = sum(now.days) - sum(then.days)
    if len(set(grown.values())) != 1 or grown["bookings"] < repetitions:
        raise RuntimeError(f"{repetitions} repetitions wrote {grown}")

    def changed(then, now):
        return sum(one != other for one, other in zip(then, now, strict=True))

    days, chains = changed(then.days, now.days), changed(then.ends, now.ends)
    if days != chains:
        raise RuntimeError(f"{repetitions} repetitions wrote {days} days, and the ends of {chains} chains")


def prefix(param):
    """The first digits of an id that is made anew: its time. They stay, so that new ids lie where new ids lie."""
    return param.value.replace("-", "")[:12]


# --- pgbench ---------------------------------------------------------------------------------------


def pgbench(engine, recipe, connections, seconds):
    url = urllib.parse.urlsplit(engine.url)
    with tempfile.TemporaryDirectory() as folder:
        command = ["pgbench", "--no-vacuum", "--protocol=prepared", f"--client={connections}", "--jobs=1", f"--time={seconds}"]
        command += ["--log", f"--log-prefix={folder}/log", "-D", f"turn={recipe.done // connections}", "-D", f"clients={connections}"]
        command += [f"--host={url.hostname}", f"--port={url.port}", f"--username={url.username}"]
        with open(f"{folder}/transaction.sql", "w") as file:
            file.write(pgbench_script(recipe))
        command.append(f"--file={file.name}")
        done = subprocess.run([*command, url.path[1:]], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench: {done.stderr[-2000:]}")
        logged = [line.split() for path in statements.pathlib.Path(folder).glob("log.*") for line in path.read_text().splitlines()]
    millis = sorted(int(line[2]) / 1000 for line in logged)
    rate = float(re.search(r"^tps = ([\d.]+)", done.stdout, re.M)[1])
    failures = re.search(r"number of failed transactions: (\d+)", done.stdout)
    return figures(rate, millis, int(failures[1]) if failures else 0)


def pgbench_script(recipe):
    """One script for all places: with one for each, most of the time would go into preparing statements."""
    groups, body = {}, []
    for number, sql in enumerate(recipe.texts):
        values = iter([pg_value(params, groups) for params in zip(*(place[number] for place in recipe.places))])
        body.append(re.sub(r"\?", lambda _: next(values), sql) + ";")
    if recipe.full:
        head = [r"\set turn :turn + 1", rf"\set d (:turn * :clients / {recipe.full}) % {recipe.days} * {recipe.step}"]
    else:
        head = [rf"\set d random(0, {recipe.days - 1})"]
    head += [rf"\set p random(1, {len(recipe.places)})"]
    head += [rf"\set {name} random(1, {BITS})" for name in groups.values()]
    return "\n".join(head + body) + "\n"


def pg_value(params, groups):
    """A parameter as an expression; `params` are its values in all places."""
    param = params[0]
    if param.kind in ("uuid", "bytes", "number", "count"):
        name = groups.setdefault((param.kind, param.value), f"made{len(groups)}")
    match param.kind:
        case "null":
            return "NULL"
        case "uuid":
            return f"('{prefix(param)}' || lpad(to_hex(:{name}::bigint), 20, '7'))::uuid"
        case "bytes":
            return f"decode(lpad(to_hex(:{name}::bigint), 64, '0'), 'hex')"
        case "number":
            return f"({pg_text(param.value[:7])} || lpad(to_hex(:{name}::bigint), 13, '0'))"
        case "count":
            return f":{name}::bigint"
        case "date":
            return f"(date '{param.value}' + :d::int)"
        case "instant":
            return f"(timestamptz {pg_text(param.value)} + :d::int * interval '1 day')"
        case "dated":
            parts = [re.fullmatch(r"(.*?)(\d{4}-\d\d-\d\d)(.*)", one.value, re.S).groups() for one in params]
            before, after = (pg_pick([part[side] for part in parts]) for side in (0, 2))
            return f"({before} || (date '{parts[0][1]}' + :d::int) || {after})"
        case "id":
            return pg_pick([one.value for one in params]) + "::uuid"
        case _ if len(param.value) < 100:
            return pg_pick([one.value for one in params])
        case _:
            # Long texts name ids that nothing looks up: those of the first place do for all.
            return pg_text(param.value)


def pg_pick(values):
    """The text of the place that was drawn."""
    if len(set(values)) == 1:
        return pg_text(values[0])
    return f"(ARRAY[{', '.join(map(pg_text, values))}])[:p::int]"


def pg_text(text):
    """A literal. Colons are escaped: to pgbench they begin a variable."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3a").replace("?", "\\x3f") + "'"


# --- sysbench --------------------------------------------------------------------------------------


def sysbench(engine, recipe, connections, seconds):
    url = urllib.parse.urlsplit(engine.url)
    with tempfile.NamedTemporaryFile("w", suffix=".lua", encoding="ascii") as file:
        data = {"statements": list(map(without_result, recipe.texts)), "days": recipe.days, "full": recipe.full or 1, "turn": recipe.done // connections}
        groups = {}
        data["places"] = [[[lua_value(param, recipe, groups) for param in params] for params in place] for place in recipe.places]
        data["lists"] = list(recipe.lists.values())
        file.write("return " + lua(data))
        file.flush()
        command = ["sysbench", str(load.FOLDER.parent / "repeat.lua"), f"--data={file.name}", f"--threads={connections}", f"--time={seconds}"]
        command += ["--histogram=on", "--db-ps-mode=auto", "--db-driver=mysql", f"--mysql-host={url.hostname}", f"--mysql-port={url.port}"]
        command += [f"--mysql-user={url.username}", f"--mysql-db={url.path[1:]}"] + (["--hot=on"] if recipe.full else [])
        done = subprocess.run([*command, "run"], capture_output=True, text=True)
    if done.returncode != 0 or "FATAL" in done.stdout:
        raise RuntimeError(f"sysbench: {(done.stdout + done.stderr)[-2000:]}")
    bars = re.findall(r"^\s*([\d.]+) \|\**\s*(\d+)$", done.stdout, re.M)
    millis = [float(value) for value, count in bars for _ in range(int(count))]
    said = re.search(r"total time:\s+([\d.]+)s\s+total number of events:\s+(\d+)", done.stdout)
    errors = re.search(r"ignored errors:\s+(\d+)", done.stdout)
    return figures(int(said[2]) / float(said[1]), millis, int(errors[1]) if errors else 0)


def without_result(sql):
    """sysbench cannot read the result of a block. How many rows each write touched is judged in the block instead."""
    told = "SELECT @touched; END"
    if not sql.endswith(told):
        return sql
    as_many = " 1" * sql.count("ROW_COUNT()")
    return sql.removesuffix(told) + f"IF @touched <> '{as_many}' THEN SIGNAL SQLSTATE '45000'; END IF; END"


def lua_value(param, recipe, groups):
    if param.kind in ("uuid", "bytes", "number", "count"):
        kind = "uuid_text" if param.kind == "uuid" and not param.binary else param.kind
        group = groups.setdefault((kind, param.value), len(groups) + 1)
        start = {"uuid": prefix(param), "number": param.value[:7]}.get(param.kind, "")
        return {"kind": kind, "group": group, "prefix": start}
    if param.kind == "null":
        return False
    if param.kind in ("date", "instant", "dated"):
        recipe.moved(param.value)
        return {"list": list(recipe.lists).index(param.value) + 1}
    return plain(param)


def lua(value):
    """As load.lua, with texts as escaped bytes."""
    match value:
        case str() | bytes():
            raw = value.encode() if isinstance(value, str) else value
            return '"' + "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03}" for byte in raw) + '"'
        case dict():
            return "{" + ",".join(f"{name}={lua(item)}" for name, item in value.items()) + "}"
        case list():
            return "{" + ",".join(map(lua, value)) + "}"
        case _:
            return load.lua(value)


# --- SQLite ----------------------------------------------------------------------------------------


def python(engine, recipe, connections, seconds):
    """SQLite has one writer at a time, so one connection is as fast as many."""
    places = [[[py_value(param, recipe) for param in params] for params in place] for place in recipe.places]
    millis, turn, end = [], recipe.done, time.perf_counter() + seconds
    path = engine.url.removeprefix("sqlite:")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, cached_statements=256, timeout=30)) as connection:
        for pragma in ("synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        begin = now = time.perf_counter()
        while now < end:
            place = random.choice(places)
            day = turn // recipe.full % recipe.days if recipe.full else random.randrange(recipe.days)
            turn += 1
            made = {}
            for sql, params in zip(recipe.texts, place):
                connection.execute(sql, [value(day, made) if callable(value) else value for value in params]).fetchall()
            before, now = now, time.perf_counter()
            millis.append((now - before) * 1000)
    return figures(len(millis) / (now - begin), sorted(millis), 0)


def py_value(param, recipe):
    def fresh(make):
        return lambda _, made: made.setdefault((param.kind, param.value, param.binary), make())

    match param.kind:
        case "null":
            return None
        case "uuid" if param.binary:
            return fresh(lambda: bytes.fromhex(prefix(param) + "7" + f"{random.getrandbits(76):019x}"))
        case "uuid":
            return fresh(lambda: str(uuid.UUID(hex=prefix(param) + "7" + f"{random.getrandbits(76):019x}")))
        case "bytes":
            return fresh(lambda: random.randbytes(32))
        case "number":
            return fresh(lambda: f"{param.value[:7]}{random.getrandbits(52):013x}")
        case "count":
            return fresh(lambda: random.getrandbits(52))
        case "date" | "instant" | "dated":
            values = recipe.moved(param.value)
            return lambda day, _: values[day]
        case _:
            return plain(param)


# --- both ------------------------------------------------------------------------------------------


def plain(param):
    """A value that stays: ids as their bytes."""
    return uuid.UUID(param.value).bytes if param.kind == "id" and param.binary else param.value


def moved(text, days):
    """A text with its date so many days later."""

    def later(found):
        return str(datetime.date.fromisoformat(found[0]) + datetime.timedelta(days=days))

    return re.sub(r"\d{4}-\d\d-\d\d", later, text, count=1)


def figures(rate, millis, failures):
    if not millis:
        raise RuntimeError("the bare client has finished nothing")
    return load.Load(rate, millis[len(millis) // 2], millis[len(millis) * 99 // 100], len(millis), failures)
