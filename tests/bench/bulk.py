"""A fast loader of bookings: stores full of them, as the program would have written them.

One store is set up over HTTP and one booking made there. Every other row is a copy of those, with its own ids, dates
and numbers, so that the loader follows the migrations. Rows go in by COPY, LOAD DATA and large transactions; the
engine's catalog tells which indexes and foreign keys to put away meanwhile.
"""

import contextlib
import datetime
import hashlib
import itertools
import os
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

import musubi
import statements
import town
from place import say

# As in the part "slots": 200 bookings in any 7 days, most of them behind us.
PER_DAY = 200 / 7
PAST, AHEAD = 49, 21
PER_STORE = round(PER_DAY * (PAST + AHEAD))
CUSTOMERS = 100

# Crockford's base 32, of which booking numbers are made.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

class Loaded:
    """What is in the database: stores by their ids, and what the loading took."""

    def __init__(self, stores, seconds, samples, bytes):
        self.stores, self.seconds, self.samples, self.bytes = stores, seconds, samples, bytes


class Ids:
    """UUIDv7 as the program makes them: in order of time, one millisecond for each few."""

    def __init__(self):
        self.millis, self.count = time.time_ns() // 1_000_000 - 2**31, 0
        self.tail = 0x8000_0000_0000_0000

    def __call__(self):
        self.count += 1
        # The low bits differ like random ones, and are never the same within a millisecond.
        low = self.count * 0x9E3779B97F4A7C15 & 0x3FFF_FFFF_FFFF_FFFF
        return ((self.millis + (self.count >> 4)) << 80 | 7 << 76 | (self.count & 0xF) << 72 | self.tail | low).to_bytes(16, "big")


class Numbers:
    """Valid booking numbers of a date, one after the other."""

    def __init__(self):
        self.high = [(a + b + c, self._sum(a + b + c, 0)) for a in ALPHABET for b in ALPHABET for c in ALPHABET]
        quads = ("".join(digits) for digits in itertools.product(ALPHABET, repeat=4))
        self.low = [(digits, self._sum(digits, 0)) for digits in itertools.islice(quads, 0, None, 7)]

    @staticmethod
    def _sum(digits, offset):
        """The share of digits in Luhn's sum, of which the last stands so many places (even or odd) before the end."""
        total = 0
        for place, digit in enumerate(reversed(digits), offset):
            weighted = ALPHABET.index(digit) * (1 if place % 2 else 2)
            total += weighted // 32 + weighted % 32
        return total

    def of(self, date):
        """The numbers of a date, without end of practical interest."""
        day = date.strftime("%y%m%d")
        base = self._sum(day, 1)
        for digits, share in self.high:
            for rest, more in self.low:
                yield f"{day}-{digits}{rest}-{ALPHABET[-(base + share + more) % 32]}"


def load(engine, running, bookings):
    """Fills the database; the stores, of which the first was set up over HTTP and has the shop's key."""
    first, store = town.furnished(running, customers=1)
    wish = {"menu_id": store.menu, "start": town.starts(0, 1)[0][0], "source": "web", "customer_id": store.customers[0]}
    status, _, made = first.client.post(store.path, wish)
    assert status == 201, made
    templates = template_rows(engine, first, store, made)
    # The program's own rows are the pattern; the tables that are filled in bulk begin empty.
    for table in ("occupancy", "booking_resources", "bookings"):
        musubi.query(engine, f"DELETE FROM {table}")
    begin = time.monotonic()
    plan = Plan(templates, -(-bookings // PER_STORE), bookings)
    writer = {"postgres": Postgres, "mariadb": MariaDb, "sqlite": Sqlite}[engine.name](engine)
    writer.before(list(plan.tables))
    for table, rows in plan.tables.items():
        start = time.monotonic()
        count = writer.copy(table, list(templates[table]), rows())
        say(f"{engine}: {count:,} rows in {table}, {count / (time.monotonic() - start):,.0f}/s")
    writer.after()
    seconds = time.monotonic() - begin
    taken = size(engine)
    say(f"{engine}: {bookings:,} bookings in {seconds:.0f} s with their indexes, {bookings / seconds:,.0f}/s, {taken / 2**30:.2f} GiB")
    return first, Loaded(plan.made, seconds, plan.samples, taken)


def size(engine):
    """The bytes of the database on the disk."""
    if engine.name == "sqlite":
        return os.stat(engine.url.removeprefix("sqlite:")).st_size
    if engine.name == "postgres":
        return musubi.number(engine, "SELECT pg_database_size(current_database())")
    return musubi.number(engine, "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_schema = DATABASE()")


def template_rows(engine, first, store, made):
    """A row of each table, as the program wrote it: column to text, bytes or None."""

    def row(table, column, id):
        found = statements.rows_of(engine, table, column, id)
        assert found, table
        return found[0]

    rows = {
        "stores": row("stores", "id", first.store),
        "resources": row("resources", "store_id", first.store),
        "menus": row("menus", "id", store.menu),
        "customers": row("customers", "id", store.customers[0]),
        "bookings": row("bookings", "id", made["id"]),
        "booking_resources": row("booking_resources", "booking_id", made["id"]),
        "occupancy": row("occupancy", "booking_id", made["id"]),
    }
    assert rows["customers"]["phone"] is None and rows["bookings"]["customer_phone"] is None, "sealed columns cannot be copied"
    return rows


class Plan:
    """Which rows there will be: each as the columns that it shares with the rows before it, and its own."""

    def __init__(self, templates, stores, bookings):
        self.templates, self.count, self.bookings = templates, stores, bookings
        self.ids, self.numbers = Ids(), Numbers()
        self.plots = [Plot(self.ids) for _ in range(stores)]
        self.made = [town.Store(text(plot.store), text(plot.menu), [text(id) for id in plot.customers[:20]]) for plot in self.plots]
        self.samples, self.by_date = [], {}
        self.tables = {
            "stores": self.stores,
            "resources": self.resources,
            "menus": self.menus,
            "customers": self.customers,
            "bookings": self.booked,
            "booking_resources": self.held,
            "occupancy": self.taken,
        }

    def stores(self):
        for plot in self.plots:
            yield self.templates["stores"], dict(id=plot.store, slug=f"bulk-{plot.store.hex()}")

    def resources(self):
        for plot in self.plots:
            for number, id in enumerate(plot.staff):
                yield self.templates["resources"], dict(id=id, store_id=plot.store, name=f"Staff {number + 1}")

    def menus(self):
        for plot in self.plots:
            yield self.templates["menus"], dict(id=plot.menu, store_id=plot.store)

    def customers(self):
        for plot in self.plots:
            for id in plot.customers:
                yield self.templates["customers"], dict(id=id, store_id=plot.store)

    def booked(self):
        """By day and then by store, as they come in life; ids follow."""
        template = self.templates["bookings"]
        written = {name: value for name, value in template.items() if isinstance(value, str) and statements.INSTANT.fullmatch(value)}
        own = datetime.date.fromisoformat(template["booking_date"])
        self.begin = self.ids.count
        left = self.bookings
        for offset, (number, clock) in self.places():
            date = town.tomorrow() + datetime.timedelta(days=offset)
            # The pattern was at the day's first start.
            moved = {name: later(value, date - own, clock * 30) for name, value in written.items() if name not in KEPT}
            shared = template | moved | {"booking_date": str(date)}
            numbers = self.numbers_of(date)
            for plot in self.plots:
                if left == 0:
                    return
                left -= 1
                id, nth = self.ids(), self.ids.count
                own_columns = {
                    "id": id,
                    "store_id": plot.store,
                    "menu_id": plot.menu,
                    "resource_id": plot.staff[number % len(plot.staff)] if template["resource_id"] else None,
                    "customer_id": plot.customers[nth % CUSTOMERS],
                    "booking_number": next(numbers),
                    "manage_token_hash": hashlib.blake2b(id, digest_size=32).digest(),
                }
                if len(self.samples) < 100:
                    self.samples.append((text(plot.store), own_columns["booking_number"], text(own_columns["customer_id"]), date))
                yield shared, own_columns

    def numbers_of(self, date):
        return self.by_date.setdefault(date, self.numbers.of(date))

    def places(self):
        """Days in order, and on each the places of its bookings: a running number and the half hour from opening."""
        for offset in range(-PAST, AHEAD):
            index = offset + PAST
            count = round(PER_DAY * (index + 1)) - round(PER_DAY * index)
            for number in range(count):
                # Each of the staff once, then the next hours; at most 24 half hours.
                yield offset, (number, number // town.STAFF * 4 % 24)

    def held(self):
        """What the bookings hold."""
        for _, own in self.holding():
            yield self.templates["booking_resources"], own

    def taken(self):
        """And when."""
        template = self.templates["occupancy"]
        own = datetime.date.fromisoformat(template["booking_date"])
        place, shared = None, None
        for at, held in self.holding():
            if at != place:
                place, (offset, clock) = at, at
                date = town.tomorrow() + datetime.timedelta(days=offset)
                window = {name: later(template[name], date - own, clock * 30) for name in ("occupied_from", "occupied_to")}
                shared = template | window | {"booking_date": str(date)}
            yield shared, held

    def holding(self):
        """The bookings' day and half hour, and who holds what: the same order and ids again."""
        ids = Ids()
        ids.millis, ids.count = self.ids.millis, self.begin
        left = self.bookings
        for offset, (number, clock) in self.places():
            for plot in self.plots:
                if left == 0:
                    return
                left -= 1
                staff = number % len(plot.staff)
                yield (offset, clock), {"booking_id": ids(), "store_id": plot.store, "resource_id": plot.staff[staff]}


# When the row was written, not when the booking is.
KEPT = ("created_at", "updated_at", "confirmed_at")


class Plot:
    """The ids of a store and of what is in it."""

    def __init__(self, ids):
        self.store, self.menu = ids(), ids()
        self.staff = [ids() for _ in range(town.STAFF)]
        self.customers = [ids() for _ in range(CUSTOMERS)]


def later(instant, days, minutes):
    """An instant of the pattern, so many days and minutes later, written the same way."""
    at = datetime.datetime.fromisoformat(instant[:19]) + days + datetime.timedelta(minutes=minutes)
    return at.isoformat(instant[10]) + instant[19:]


def text(id):
    return str(uuid.UUID(bytes=id))


# --- writers ---------------------------------------------------------------------------------------


class Postgres:
    """COPY; foreign keys and secondary indexes are dropped, and made anew afterwards."""

    def __init__(self, engine):
        self.engine, self.again = engine, []

    def before(self, tables):
        self.tables = tables
        listed = ", ".join(f"'{table}'::regclass" for table in tables)
        keys = f"SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), contype FROM pg_constraint WHERE contype IN ('f', 'u') AND (conrelid IN ({listed}) OR confrelid IN ({listed}))"
        for table, name, definition, kind in sorted(musubi.query(self.engine, keys), key=lambda row: row[3]):
            # Foreign keys first ('f' before 'u'): unique keys may be what they refer to. Back they come the other way.
            musubi.query(self.engine, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            self.again.insert(0, f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
        indexes = f"SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid IN ({listed}) AND NOT indisprimary"
        for name, definition in musubi.query(self.engine, indexes):
            musubi.query(self.engine, f"DROP INDEX {name}")
            self.again.insert(0, definition)

    def copy(self, table, columns, rows):
        command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command=COPY {table} ({', '.join(columns)}) FROM STDIN", self.engine.url]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            count = write(process.stdin, columns, rows, lambda raw: raw.hex() if len(raw) == 16 else "\\\\x" + raw.hex())
        if process.returncode != 0:
            raise RuntimeError(f"COPY {table} failed")
        return count

    def after(self):
        for statement in self.again:
            say(statement.split(" (")[0])
            run_long(self.engine, statement)
        run_long(self.engine, "VACUUM ANALYZE")


class MariaDb:
    """LOAD DATA into empty tables, which InnoDB sorts by itself when keys are not checked."""

    def __init__(self, engine):
        self.engine = engine

    def before(self, tables):
        self.tables = tables

    def copy(self, table, columns, rows):
        names = [f"@c{number}" for number in range(len(columns))]
        types = statements.columns_in(self.engine, table)
        binary = {name for name in columns if "binary" in types[name] or "blob" in types[name]}
        assigned = [f"`{column}` = UNHEX({name})" for column, name in zip(columns, names) if column in binary]
        listed = [name if column in binary else f"`{column}`" for column, name in zip(columns, names)]
        with tempfile.TemporaryDirectory() as folder:
            pipe = f"{folder}/rows"
            os.mkfifo(pipe)
            statement = (
                "SET SESSION foreign_key_checks = 0, unique_checks = 0; "
                f"LOAD DATA LOCAL INFILE '{pipe}' INTO TABLE {table} CHARACTER SET utf8mb4 ({', '.join(listed)}) SET {', '.join(assigned)}"
            )
            done = []
            loader = threading.Thread(target=lambda: done.append(run_mariadb(self.engine, statement, "--local-infile=1")))
            loader.start()
            with open(pipe, "wb") as stream:
                count = write(stream, columns, rows, lambda raw: raw.hex())
            loader.join()
        if not done:
            raise RuntimeError(f"LOAD DATA into {table} failed")
        return count

    def after(self):
        for table in self.tables:
            run_mariadb(self.engine, f"ANALYZE TABLE {table}")


class Sqlite:
    """Large transactions without a journal; indexes are dropped, and made anew afterwards."""

    BATCH = 100_000

    def __init__(self, engine):
        self.connection = sqlite3.connect(engine.url.removeprefix("sqlite:"), isolation_level=None, timeout=60)
        for pragma in ("foreign_keys = OFF", "synchronous = OFF", "cache_size = -1000000", "wal_autocheckpoint = 20000"):
            self.connection.execute(f"PRAGMA {pragma}")

    def before(self, tables):
        marks = ", ".join("?" * len(tables))
        found = self.connection.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})", tables
        ).fetchall()
        for name, _ in found:
            self.connection.execute(f"DROP INDEX {name}")
        self.again = [sql for _, sql in found]

    def copy(self, table, columns, rows):
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
        count = 0
        while batch := [list((shared | own).values()) for shared, own in itertools.islice(rows, self.BATCH)]:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany(statement, batch)
            self.connection.execute("COMMIT")
            before, count = count, count + len(batch)
            if count // 1_000_000 > before // 1_000_000:
                say(f"{table}: {count:,}")
        return count

    def after(self):
        for statement in self.again:
            say(statement.split(" (")[0])
            self.connection.execute(statement)
        with contextlib.closing(self.connection) as connection:
            connection.execute("ANALYZE")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def write(stream, columns, rows, binary):
    """Rows as tab-separated text, which COPY and LOAD DATA both read."""
    count, lines = 0, []

    def field(value):
        if value is None:
            return "\\N"
        if isinstance(value, bytes):
            return binary(value)
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

    # What rows share is written once, with gaps for their own.
    last, line, gaps = None, "", []
    for shared, own in rows:
        if shared is not last:
            last, gaps = shared, [name for name in columns if name in own]
            line = "\t".join("%s" if name in own else field(shared[name]).replace("%", "%%") for name in columns) + "\n"
        # Their own texts are ids, dates and numbers: nothing in them is escaped.
        lines.append(line % tuple([value if type(value := own[name]) is str else field(value) for name in gaps]))
        count += 1
        if len(lines) == 2000:
            stream.write("".join(lines).encode())
            lines = []
            if count % 1_000_000 == 0:
                say(f"{count:,} rows")
    stream.write("".join(lines).encode())
    return count


def run_long(engine, statement):
    """A statement that may take as long as it takes."""
    command = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={statement}", engine.url]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def run_mariadb(engine, statement, *options):
    url = urllib.parse.urlsplit(engine.url)
    command = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={url.hostname}", f"--port={url.port}", f"--user={url.username}"]
    subprocess.run([*command, *options, f"--execute={statement}", url.path[1:]], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return True
