"""The final database as plain rows, read past the program by each engine's own client, and kept as a file beside the journal.

    {"bookings": [{"id": "...", "status": "confirmed", "starts_at": 1790000000000000, ...}, ...], ...}

Ids are canonical text, bytes hexadecimal, instants microseconds since the epoch, dates `YYYY-MM-DD`, JSON parsed.
"""

import contextlib
import datetime
import json
import sqlite3
import subprocess
import time
import urllib.parse
import uuid

TABLES = {
    "bookings": {
        "id": "uuid",
        "store_id": "uuid",
        "customer_id": "uuid",
        "resource_id": "uuid",
        "menu_id": "uuid",
        "booking_number": "text",
        "booking_date": "date",
        "starts_at": "time",
        "ends_at": "time",
        "occupied_from": "time",
        "occupied_to": "time",
        "party_size": "number",
        "is_nominated": "flag",
        "status": "text",
        "total_price": "number",
        "customer_notes": "text",
        "version": "number",
    },
    "booking_resources": {"booking_id": "uuid", "resource_id": "uuid", "seats": "number", "is_primary": "flag"},
    "occupancy": {
        "booking_id": "uuid",
        "store_id": "uuid",
        "booking_date": "date",
        "occupied_from": "time",
        "occupied_to": "time",
        "resource_id": "uuid",
        "seats": "number",
    },
    "booking_changes": {
        "id": "uuid",
        "booking_id": "uuid",
        "store_id": "uuid",
        "change_type": "text",
        "before_data": "json",
        "after_data": "json",
        "reason": "text",
        "version": "number",
        "created_at": "time",
    },
    "holds": {"id": "uuid", "store_id": "uuid", "token_hash": "bytes", "booking_date": "date", "expires_at": "time"},
    "customers": {
        "id": "uuid",
        "store_id": "uuid",
        "total_bookings": "number",
        "total_spent": "number",
        "no_show_count": "number",
        "is_restricted": "flag",
    },
    "store_days": {"store_id": "uuid", "date": "date", "version": "number"},
    "outbox": {"id": "uuid", "kind": "text", "store_id": "uuid", "subject_id": "uuid", "payload": "json"},
    "audit_log": {
        "id": "uuid",
        "chain": "text",
        "seq": "number",
        "action": "text",
        "subject_id": "uuid",
        "before_data": "text",
        "after_data": "text",
        "prev_hash": "bytes",
        "hash": "bytes",
    },
    "audit_chains": {"chain": "text", "seq": "number", "hash": "bytes"},
}
SECONDS = 300


def take(engine):
    """All tables, and by the wall clock when they were read."""
    return {table: _rows(engine, table, columns) for table, columns in TABLES.items()} | {"read_at": time.time()}


def _rows(engine, table, columns):
    if engine.name == "sqlite":
        path = engine.url.removeprefix("sqlite:")
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
            found = connection.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
        return [{name: _of_sqlite(kind, value) for (name, kind), value in zip(columns.items(), row)} for row in found]
    lines = (_postgres if engine.name == "postgres" else _mariadb)(engine.url, table, columns)
    rows = []
    for line in lines:
        values = json.loads(line)
        rows.append({name: _of_json(kind, value) for (name, kind), value in zip(columns.items(), values)})
    return rows


def _of_sqlite(kind, value):
    if value is None:
        return None
    if kind == "uuid":
        return str(uuid.UUID(bytes=value))
    if kind == "bytes":
        return value.hex()
    if kind == "time":
        moment = datetime.datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return round((moment - EPOCH) / datetime.timedelta(microseconds=1))
    if kind == "json":
        return json.loads(value)
    return value


def _of_json(kind, value):
    if value is None:
        return None
    if kind == "uuid":
        return str(uuid.UUID(value))
    if kind == "bytes":
        return value.lower()
    if kind == "json":
        return json.loads(value) if isinstance(value, str) else value
    if kind in ("number", "flag", "time"):
        return int(value)
    return value


EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

POSTGRES = {
    "bytes": "encode({0}, 'hex')",
    "time": "(extract(epoch from {0}) * 1000000)::bigint",
    "flag": "{0}::int",
    "json": "{0}::text",
}
MARIADB = {
    "uuid": "LOWER(HEX({0}))",
    "bytes": "LOWER(HEX({0}))",
    "time": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', {0})",
    # As text: its collation is the table's, JSON's is another, and one array holds one.
    "text": "CONVERT({0} USING utf8mb4)",
    "json": "CONVERT({0} USING utf8mb4)",
}


def _postgres(url, table, columns):
    shown = ", ".join(POSTGRES.get(kind, "{0}").format(name) for name, kind in columns.items())
    statement = f"SELECT json_build_array({shown}) FROM {table}"
    command = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", f"--command={statement}", url]
    return _lines(command)


def _mariadb(url, table, columns):
    parts = urllib.parse.urlsplit(url)
    shown = ", ".join(MARIADB.get(kind, "{0}").format(name) for name, kind in columns.items())
    command = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={parts.hostname}", f"--port={parts.port or 3306}"]
    command += [f"--user={urllib.parse.unquote(parts.username or 'root')}", "--default-character-set=utf8mb4"]
    command += ["--batch", "--raw", "--quick", "--skip-column-names"]
    command += [f"--execute=SELECT JSON_ARRAY({shown}) FROM {table}", parts.path.lstrip("/")]
    return _lines(command)


def _lines(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout.decode().split("\n")[:-1]
