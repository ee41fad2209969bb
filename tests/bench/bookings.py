"""Bookings per second over HTTP, beside a bare client that repeats the very statements of the transaction."""

import musubi
import shop

import load
import relay
import replay
import statements
import town
from place import api, quieten, say

# Free starts for each measure: stores x days x 240.
STORES = 24
STAFF = 10
DAYS = 40
# Bookings of a store's day before another one is hot: a day with all its starts taken.
FULL = len(town.CLOCKS) * STAFF


def measure(engine, options, report):
    """Each kind of load with each number of connections, alternating with the bare client where that repeats it."""
    trips = round_trips(engine)
    with api(engine, *statements.arguments(engine), **statements.environment(engine)) as running:
        say(f"{engine}: {STORES} stores with {STAFF} staff")
        first, stores = town.streets(running, STORES, staff=STAFF)
        window = Windows()
        # The bare client's days are opened and its statements noted once; every measure of HTTP has days of its own.
        spread = recipe(engine, running, first, stores, window.next())
        # Behind all windows: the program must not book between its many days.
        hot = recipe(engine, running, first, stores[:1], DAYS * (1 + 3 * len(options.writers)), FULL)
        replay.prepare(engine, hot)
        say(f"{engine}: {len(spread.texts)} statements in the transaction, {trips or '-'} round trips in the request")
        quieten(running)
        for kind, places, repeated, newcomer in (
            ("distinct stores and days", stores, spread, False),
            ("one hot store-day", stores, hot, False),
            ("distinct, newcomers", stores, None, True),
        ):
            rows = [one(engine, running, first, kind, places, repeated, newcomer, n, window, options) for n in options.writers]
            for row in rows:
                row |= {"statements": len(spread.texts), "round trips": trips}
            report.add("bookings", f"Bookings: {kind}; {options.rounds} rounds", rows)


class Windows:
    """Days that nobody has booked yet."""

    def __init__(self):
        self.days = 0

    def next(self):
        self.days += DAYS
        return self.days - DAYS


def settings(first, stores, start, newcomer=False):
    """What book.lua is told: these stores, the days from `start` on."""
    places = [{"path": store.path, "menu": store.menu, "customers": store.customers} for store in stores]
    common = {"token": first.key, "stores": places, "starts": town.starts(start, DAYS), "round": start}
    return common | {"each": STAFF, "spread": True, "newcomer": newcomer, "skip": 0}


def opened(first, stores, start):
    """The first booking of each store and day: it writes rows that the others find."""
    with caller(first) as client:
        for number in range(DAYS):
            for store in stores:
                shop.made(client.post(store.path, wish(store, start + number, 0)))


def caller(first):
    """A new client: the program closes connections that are idle while others are measured."""
    return musubi.Client(first.client.api, first.key)


def wish(store, day, place):
    at = shop.at(town.day(day), town.CLOCKS[place])
    return {"menu_id": store.menu, "start": at, "source": "web", "customer_id": store.customers[place]}


def recipe(engine, running, first, stores, start, full=None):
    """Opens the days and notes one more booking in each store."""
    opened(first, stores, start)

    client = caller(first)

    def book(store, customer):
        return statements.book(lambda: shop.made(client.post(store.path, wish(store, start, customer))))

    # Each customer has a place of its own: the transaction locks the customer, too.
    whole = [(store, 1 + number) for number in range(19 if full else 5) for store in stores]
    with statements.noted(engine, running) as notes:
        booked = [book(*whole[0])]
        if engine.name == "postgres":
            booked += [book(*place) for place in whole[1:]]
        transactions = notes.transactions()
    # The other engines note no values: the statements of the first are those of all.
    booked += [book(*place) for place in whole[len(booked) :]]
    client.close()
    return replay.noted(engine, transactions, booked, DAYS, full)


def one(engine, running, first, kind, stores, repeated, newcomer, connections, window, options):
    """The row of one kind of load with so many connections."""
    told = settings(first, stores, window.next(), newcomer)
    if repeated and repeated.full:
        # No day beside a full one: what is read there would differ from the bare client's.
        told["spread"], days = False, told["starts"]
        told["starts"] = [day for begin in range(replay.STEP) for day in days[begin :: replay.STEP]]
    else:
        opened(first, stores, told["round"])
        told["skip"] = len(stores) * DAYS
    over_http, bare = [], []
    for number in range(options.rounds + 1):
        seconds = options.seconds if number else 1
        seen = load.run(running, "book.lua", told, connections, seconds)
        # What was sent but not counted at the end has taken its place all the same.
        told["skip"] += seen.requests + 2 * connections
        if told["skip"] > len(stores) * DAYS * FULL:
            raise RuntimeError("no start is free any more: shorter rounds, or more STORES")
        say(f"{engine} {kind}, {connections}: {seen}" + ("" if number else " (warm-up)"))
        if number:
            over_http.append(seen)
        if repeated:
            seen = replay.run(engine, repeated, connections, seconds)
            say(f"{engine} bare client: {seen}")
            if number:
                bare.append(seen)
    made, base = load.median(over_http), load.median(bare) if bare else None
    return {
        "engine": engine.name,
        "what": kind,
        "connections": connections,
        "bookings/s": made.rate,
        "p50 ms": made.p50,
        "p99 ms": made.p99,
        "refused": made.failures,
        "bare/s": base and base.rate,
        "bare p50 ms": base and base.p50,
        "bare p99 ms": base and base.p99,
        "ratio": base and made.rate / base.rate,
    }


def round_trips(engine):
    """Between program and database for one booking of a known customer, the pool's pings among them; the least of some."""
    if engine.name == "sqlite":
        return None
    between = relay.Relay(engine.url)
    try:
        with api(musubi.Engine(engine.name, between.url)) as running:
            first, store = town.furnished(running, staff=STAFF)
            counts = []
            for number in range(60):
                before = between.trips
                shop.made(first.client.post(store.path, wish(store, number % 5, number // 5)))
                counts.append(between.trips - before)
            # The first ones connect, prepare and open the days.
            return min(counts[20:])
    finally:
        between.close()
