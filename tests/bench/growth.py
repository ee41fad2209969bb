"""Slots and bookings with more and more bookings in the database, and the plans of the queries that read them."""

import json
import sqlite3
import subprocess
import urllib.parse

import musubi

import bookings
import bulk
import load
import statements
import town
from place import api, quieten, say

# On the disk, for a booking with its resource and all indexes; a half is added for what is sorted and logged meanwhile.
BYTES_PER_BOOKING = {"sqlite": 1200, "postgres": 1000, "mariadb": 1500}
# Below this a planner may rightly read a whole table; it is shown, and no failure.
SMALL = 100_000
# Stores whose searches are computed anew each time, as many in the smallest database as in the largest.
FEW = 5
# The column that is compared with that of the smallest size.
COMPARED = "computed p50 ms"
GROWING = ("bookings", "booking_resources", "occupancy", "customers")


def measure(engine, options, report):
    """Each size in a database of its own, from the smallest on."""
    smallest, scans = None, []
    for size in sorted(options.sizes):
        needed = size * BYTES_PER_BOOKING[engine.name] * 1.5
        if needed > options.place.free_bytes():
            raise RuntimeError(f"{size:,} bookings take {needed / 2**30:.0f} GiB, which are not free")
        with options.place.database(engine.name) as fresh:
            row, found = one(fresh, size, options)
        smallest = smallest or row[COMPARED]
        row["to smallest"] = row[COMPARED] / smallest
        scans += [f"{size:,} bookings: {scan}" for scan in found if size >= SMALL]
        report.add("growth", f"Growth: {size:,} bookings; {options.connections} connections, {options.rounds} rounds", [row])
    if scans:
        raise RuntimeError("full scans: " + "; ".join(scans))


def one(engine, size, options):
    """The row of one size, and the full scans that were seen."""
    with api(engine, *statements.arguments(engine), **statements.environment(engine)) as running:
        say(f"{engine}: loading {size:,} bookings")
        first, loaded = bulk.load(engine, running, size)
        running.restart()
        checked(first, loaded)
        scans = full_scans(engine, running, first, loaded)
        stores = spread(loaded.stores, 200)
        one_path = [stores[0].slots(town.tomorrow())]
        quieten(running, "--cache-mb", "0")
        few = weeks(spread(loaded.stores, FEW))
        computed = [load.run(running, "get.lua", load.gets(few, first.key), options.connections, options.seconds) for _ in range(options.rounds + 1)]
        say(f"{engine} {size:,}: computed {', '.join(map(str, computed))}")
        quieten(running)
        told = bookings.settings(first, stores[: bookings.STORES], bulk.AHEAD)
        told["each"] = town.STAFF
        bookings.opened(first, stores[: bookings.STORES], bulk.AHEAD)
        told["skip"] = len(told["stores"]) * bookings.DAYS
        seen = {"one": [], "all over": [], "booked": []}
        for number in range(options.rounds + 1):
            seconds = options.seconds if number else 1
            for kind, paths in (("one", one_path), ("all over", weeks(stores))):
                seen[kind].append(load.run(running, "get.lua", load.gets(paths, first.key), options.connections, seconds))
            seen["booked"].append(load.run(running, "book.lua", told, options.writers[0], seconds))
            told["skip"] += seen["booked"][-1].requests + 2 * options.writers[0]
            say(f"{engine} {size:,}: " + "; ".join(f"{kind} {runs[-1]}" for kind, runs in seen.items()) + ("" if number else " (warm-up)"))
        same, other, booked = (load.median(runs[1:]) for runs in seen.values())
        computed = load.median(computed[1:])
    row = {
        "engine": engine.name,
        "bookings": size,
        "loaded/s": size / loaded.seconds,
        "GiB": loaded.bytes / 2**30,
        "one search p50 ms": same.p50,
        COMPARED: computed.p50,
        "computed p99 ms": computed.p99,
        "all over p50 ms": other.p50,
        "bookings/s": booked.rate,
        "failed": same.failures + computed.failures + other.failures + booked.failures,
        "plans": f"full scans: {len(scans)}" if scans else "index ranges",
    }
    return row, scans


def spread(stores, count):
    """So many of them at most, from all over the database."""
    return stores[:: max(1, len(stores) // count)][:count]


def weeks(stores):
    """Searches of a week each, from each of fourteen days on."""
    return [store.slots(town.day(offset)) for offset in range(14) for store in stores]


def searches(loaded):
    """Calls that read bookings, by what they look for."""
    store, number, customer, date = loaded.samples[-1]
    at = f"/v1/stores/{store}/bookings"
    found = next(one for one in loaded.stores if one.id == store)
    return {
        "slots": found.slots(town.tomorrow()),
        "by date": f"{at}?date_from={date}&date_to={date}",
        "by customer": f"{at}?customer_id={customer}",
        "by number": f"{at}?booking_number={number}",
    }


def checked(first, loaded):
    """What was loaded is read by the program like its own."""
    for name, path in searches(loaded).items():
        status, _, found = first.client.get(path)
        assert status == 200 and found["items"], (name, status, found)


def full_scans(engine, running, first, loaded):
    """Which queries of which calls read a whole table that grows."""
    calls = searches(loaded)
    _, _, listed = first.client.get(calls["by date"])
    store, _, _, _ = loaded.samples[-1]
    calls["by resource"] = f"/v1/stores/{store}/bookings?resource_id={listed['items'][0]['resources'][0]['id']}"
    explain = {"postgres": explain_postgres, "mariadb": explain_mariadb, "sqlite": explain_sqlite}[engine.name]
    found = []
    for name, path in calls.items():
        # After a start every statement is prepared anew, and shown with its values.
        running.restart()
        with statements.noted(engine, running) as notes:
            status, _, _ = first.client.get(path)
            assert status == 200, path
            said = [sql for sql in notes.said() if sql.startswith("SELECT") and any(f"{table}{quote}" in sql for table in GROWING for quote in '"`')]
        assert said, f"{name}: no query was noted"
        scans = [f"{name}: {scan}" for sql in said for scan in explain(engine, sql)]
        say(f"{engine} plan {name}: " + ("; ".join(scans) or f"{len(said)} queries, index ranges"))
        found += scans
    return found


def explain_postgres(engine, sql):
    plan = json.loads("".join(line[0] for line in musubi.query(engine, f"EXPLAIN (FORMAT JSON) {sql}")))

    def nodes(node):
        yield node
        for child in node.get("Plans", []):
            yield from nodes(child)

    return [
        f"{node['Node Type']} of {node['Relation Name']}"
        for node in nodes(plan[0]["Plan"])
        if node.get("Relation Name") in GROWING
        and not (node["Node Type"] in ("Index Scan", "Index Only Scan") and node.get("Index Cond") or node["Node Type"] == "Bitmap Heap Scan")
    ]


def explain_mariadb(engine, sql):
    url = urllib.parse.urlsplit(engine.url)
    command = ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={url.hostname}", f"--port={url.port}", f"--user={url.username}"]
    # Ids stand in the log as they are, byte by byte.
    command += ["--default-character-set=latin1", "--batch", "--skip-column-names", url.path[1:]]
    done = subprocess.run(command, input=f"EXPLAIN {sql};".encode("latin-1"), capture_output=True, check=True)
    rows = [line.split("\t") for line in done.stdout.decode("latin-1").splitlines()]
    return [f"{kind} of {table}" for _, _, table, kind, *_ in rows if table in GROWING and kind in ("ALL", "index")]


def explain_sqlite(engine, sql):
    connection = sqlite3.connect(engine.url.removeprefix("sqlite:"))
    try:
        # The plan does not depend on the values.
        rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?")).fetchall()
    finally:
        connection.close()
    return [detail for *_, detail in rows if detail.startswith("SCAN") and detail.split()[1] in GROWING]
