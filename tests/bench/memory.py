"""Resident memory: over many requests, and for connections that are kept open."""

import socket

import load
import town
from place import api, say

CONNECTIONS = 1000


def measure(engine, options, report):
    """Memory before, during and after the requests, then with idle connections."""
    with api(engine) as running:
        first, store = town.furnished(running)
        town.fill(first, store)
        slots = load.gets([store.slots(town.tomorrow())], first.key)
        load.run(running, "get.lua", slots, options.connections, 2)
        before, rows = running.kib(), []
        rows += over_requests(engine, running, options, "healthz", load.gets(["/healthz"]), before)
        rows += over_requests(engine, running, options, "slots", slots, before)
        report.add("memory", f"Memory over {options.requests:,} requests of each kind", rows)
        report.add("connections", f"{CONNECTIONS:,} idle connections that are kept open", [idle(engine, running)])


def over_requests(engine, running, options, kind, settings, before):
    """Resident memory at each tenth of the requests; the row of the whole."""
    done, failures, seen = 0, 0, []
    while done < options.requests:
        tenth, part = done + options.requests // 10, done
        while done < tenth:
            one = load.run(running, "get.lua", settings, options.connections, 5 if options.requests >= 100_000 else 1)
            done, failures = done + one.requests, failures + one.failures
        seen.append(running.kib())
        say(f"{engine} {kind}: {done:,} requests, {seen[-1] / 1024:.1f} MiB (+{done - part:,})")
    return [
        {
            "engine": engine.name,
            "what": kind,
            "requests": done,
            "MiB before": before / 1024,
            "MiB after a tenth": seen[0] / 1024,
            "MiB at most": max(seen) / 1024,
            "MiB after": seen[-1] / 1024,
            "failed": failures,
        }
    ]


def idle(engine, running):
    """Opens connections that have each been answered once, and asks each one again."""
    before = running.kib()
    connections = [socket.create_connection((running.host, running.port), timeout=30) for _ in range(CONNECTIONS)]
    try:
        first = sum(answers(connection) for connection in connections)
        held = running.kib()
        again = sum(answers(connection) for connection in connections)
    finally:
        for connection in connections:
            connection.close()
    assert first == CONNECTIONS, f"{CONNECTIONS - first} connections were not answered"
    return {
        "engine": engine.name,
        "connections": CONNECTIONS,
        "KiB each": (held - before) / CONNECTIONS,
        "answered when asked again": again,
        "MiB in all": held / 1024,
    }


def answers(connection):
    """Whether /healthz is answered over this connection, and the connection kept."""
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n")
    with connection.makefile("rb") as answer:
        if b" 200 " not in answer.readline():
            return False
        length = 0
        while (line := answer.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return len(answer.read(length)) == length
