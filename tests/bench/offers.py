"""An offer to many customers by LINE: how soon they all have it, and what it does to news of bookings meanwhile."""

import concurrent.futures
import contextlib
import itertools
import statistics
import time

import musubi
import shop

import sink
from place import SETTINGS, UNLIMITED, say

HEADLINE = "Spring offer"
RATE = 60_000  # Messages a minute: the most that a store may allow.
WRITERS = 8
BOOKINGS = 80  # Before the offer.
PAUSE = 0.1  # Between two bookings.
PATIENCE = 60  # Seconds in which nobody hears of the offer, after which it is given up.


def measure(engine, options, report):
    """The rows of the offer, and of bookings before it and meanwhile: at its own store, and at another tenant's."""
    with sink.Sink(HEADLINE) as line, contextlib.ExitStack() as stack:
        api, worker = programs(engine, line, stack)
        here, there = Store(api), Store(api)
        fill(engine, here, options.customers)
        for store in (here, there):
            store.client.close()  # The API has hung up on who was silent meanwhile; the next call connects anew.
        rows = bookings(engine, "before the offer", (here, there), News(line), range(BOOKINGS).__contains__)
        news = News(line)
        answered, begin = here.offer()
        until = begin + PATIENCE

        def goes_on(_):
            count, _, last = news.look()
            news.progress(f"{engine.name}: the offer is with {count:,} customers")
            return count < options.customers and time.time() < max(until, (last or 0) + PATIENCE)

        rows += bookings(engine, "meanwhile", (here, there), news, goes_on)
        count, first, last = news.look()
        seconds = last - begin
        offer = {"engine": engine.name, "customers": count, "answered ms": 1000 * answered, "first s": first - begin, "all s": seconds}
        offer |= {"messages/s": count / seconds, "of the store's rate": count / seconds / (RATE / 60), "MiB of the worker": worker.kib() / 1024}
        report.add("offers", "An offer by LINE", [offer])
        report.add("news", "From the answer to a booking to the customer's LINE", rows)
        assert count == options.customers, f"{count} of {options.customers} heard of the offer"


def programs(engine, line, stack):
    """The API, and who tells people: a worker, or on SQLite the API itself."""
    ways = ("--line-url", f"http://127.0.0.1:{line.port}")
    if engine.name == "sqlite":
        api = stack.enter_context(musubi.Api(engine.url, *UNLIMITED, *ways, **SETTINGS))
        return api, api
    api = stack.enter_context(musubi.Api(engine.url, *UNLIMITED, *ways, "--worker", "off", **SETTINGS))
    return api, stack.enter_context(musubi.Worker(engine.url, *ways, **SETTINGS))


class Store:
    """One on LINE that may tell as many as any, with a service that needs nobody, and a customer who books."""

    _numbers = itertools.count(1)

    def __init__(self, api):
        details = {"line_integration_active": True, "line_access_token": "line", "line_channel_secret": "secret"}
        made = shop.Shop(api, booking_limit_per_day=100_000, **details)
        with musubi.Client(api, musubi.OPERATOR_KEY) as operator:
            key = {"name": "offers", "tenant_id": made.tenant, "permissions": [*shop.PERMISSIONS, "promotion.send"]}
            self.client = musubi.Client(api, shop.made(operator.post("/v1/api-keys", key))["secret"])
        self.path = made.path("")
        self.menu = made.menu("Cut")
        self.start = shop.at(made.date, "12:00")
        told = {"quiet_hours": False, "rate_per_minute": RATE}
        self.put("/notification-settings", {"send_booking_notifications": True, "notification_settings": told})
        self.customer = self.newcomer()

    def put(self, path, body):
        status, _, answer = self.client.put(self.path + path, body)
        assert status == 200, answer

    def newcomer(self):
        body = {"name": "客", "line_user_id": f"U{next(self._numbers):032x}"}
        return shop.made(self.client.post(self.path + "/customers", body))["id"]

    def subscriber(self):
        """Another customer, who has agreed to hear of offers."""
        self.put(f"/customers/{self.newcomer()}/notification-settings", {"kinds": {"promotional": True}})

    def offer(self):
        """Sends it; how long the answer took, and when it was there."""
        begin = time.time()
        shop.made(self.client.post(self.path + "/promotions", {"texts": {"en": {"headline": HEADLINE, "body": "A fifth less."}}}))
        return time.time() - begin, begin

    def book(self):
        """A booking's number."""
        wish = {"menu_id": self.menu, "start": self.start, "customer_id": self.customer, "source": "staff"}
        return shop.made(self.client.post(self.path + "/bookings", wish))["booking_number"]


def fill(engine, store, customers):
    """Makes customers who have agreed to hear of offers."""
    with concurrent.futures.ThreadPoolExecutor(WRITERS) as pool:
        for number, _ in enumerate(pool.map(lambda _: store.subscriber(), range(customers)), 1):
            if number % 10_000 == 0:
                say(f"{engine.name}: {number:,} customers")


class News:
    """When bookings were made, and when LINE heard of them."""

    def __init__(self, line):
        self.line, self.made, self.heard, self.next_line = line, [], [], 0

    def book(self, store):
        number = store.book()
        self.made.append((store, number, time.time()))

    def look(self):
        """How many have heard of the offer, and when the first and the last of them did."""
        *offer, rest = self.line.seen()
        self.heard += rest
        return offer

    def delays(self, store):
        """In milliseconds, for each booking of the store that LINE has heard of."""
        made = [(number, at) for one, number, at in self.made if one is store]
        return [1000 * max(0.0, when - at) for number, at in made for when, body in self.heard if number in body]

    def progress(self, text):
        if time.time() > self.next_line:
            self.next_line = time.time() + 10
            say(text)


def bookings(engine, label, stores, news, goes_on):
    """Books now here, now there; the rows of how soon customers were told."""
    for number, store in enumerate(itertools.cycle(stores)):
        if not goes_on(number):
            break
        news.book(store)
        time.sleep(PAUSE)
    deadline = time.time() + PATIENCE
    while sum(len(news.delays(store)) for store in stores) < len(news.made) and time.time() < deadline:
        time.sleep(PAUSE)
        news.look()
    rows = []
    for store, where in zip(stores, ("the offer's store", "another tenant"), strict=True):
        delays = news.delays(store)
        assert len(delays) == sum(one is store for one, _, _ in news.made), "a customer was not told of a booking"
        spread = statistics.quantiles(delays, n=100)
        rows.append(
            {"engine": engine.name, "when": label, "store": where, "bookings": len(delays), "p50 ms": spread[49], "p99 ms": spread[98], "slowest ms": max(delays)}
        )
    return rows
