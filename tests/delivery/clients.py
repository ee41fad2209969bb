"""Who books: each has bookings of their own, and does one thing after the other with them until it is known to be done.

Each step that was done is a line of the journal, in the order of the booking's steps, with times of the wall clock:

    {"kind": "step", "does": "book", "booking": ..., "number": ..., "store": ..., "customer": ..., "begin": ..., "end": ...,
     "status": ..., "start": ..., "version": ...}
"""

import datetime
import http.client
import random
import threading
import time
import uuid

import musubi

LATENESS = 8  # The least seconds between a booking and its reminder, of those that are reminded of during the run.
PATIENCE = 60  # Attempts at one step.


class Pace:
    """So many steps in so many seconds."""

    def __init__(self, events, seconds):
        self.events, self.seconds = events, seconds
        self.begin = time.time()
        self.end = self.begin + seconds
        self.done = 0
        self._given = 0
        self._lock = threading.Lock()
        self.over = threading.Event()

    def next(self):
        """Waits for the turn of one more step; False: there are enough."""
        with self._lock:
            if self._given >= self.events or self.over.is_set():
                return False
            turn = self.begin + self._given * self.seconds / self.events
            self._given += 1
        return not self.over.wait(max(0.0, turn - time.time()))

    def count(self):
        with self._lock:
            self.done += 1


class Client:
    def __init__(self, number, seed, api, stage, journal, pace):
        self.rng = random.Random(f"{seed}/client {number}")
        self.stage, self.journal, self.pace = stage, journal, pace
        self.callers = {tenant: musubi.Client(api, key) for tenant, key in stage.keys.items()}
        self.open = []

    def run(self):
        while self.pace.next():
            if not self.open or self.rng.random() < 0.45:
                self._book()
            else:
                self._step(self.rng.choice(self.open))
            self.pace.count()
        for caller in self.callers.values():
            caller.close()

    def _book(self):
        # The slow store gets one of forty.
        store = self.stage.stores[-1] if self.rng.random() < 0.025 else self.rng.choice(self.stage.stores[:-1])
        starts = set()
        self.book(store, self._start(store, starts), self.rng.random() < 0.25, starts)

    def book(self, store, start, approval, starts=()):
        """Books for one of the store's customers; `starts` are those that the booking has had."""
        customer = self.rng.choice(store.customers)["id"]
        body = {"menu_id": store.menus[approval], "start": start, "customer_id": customer, "source": "staff"}
        begin, booked = self._call(store, f"{store.path}/bookings", body, 201)
        booking = {"id": booked["id"], "number": booked["booking_number"], "store": store, "customer": customer, "starts": starts}
        self.open.append(booking)
        self._note("book", booking, begin, booked)

    def _step(self, booking):
        does = self.rng.choices(("confirm", "reschedule", "cancel"), (5, 3, 2) if booking["status"] == "pending" else (0, 3, 2))[0]
        store = booking["store"]
        body = {"reason": "asked"}
        if does == "reschedule":
            body["start"] = self._start(store, booking["starts"])
        begin, after = self._call(store, f"{store.path}/bookings/{booking['id']}/{does}", body, 200)
        if does == "cancel" or len(booking["starts"]) > 3:
            self.open.remove(booking)
        self._note(does, booking, begin, after)

    def _note(self, does, booking, begin, after):
        booking["status"] = after["status"]
        what = {"does": does, "booking": booking["id"], "number": booking["number"], "store": booking["store"].id}
        what |= {"customer": booking["customer"], "begin": begin, "end": time.time()}
        self.journal.add("step", **what, **{name: after[name] for name in ("status", "start", "version")})

    def _start(self, store, used):
        """One that the booking has not had: soon, so that its reminder is due during the run, or days ahead."""
        while True:
            now = time.time()
            if self.rng.random() < 0.4:
                due = now + LATENESS + self.rng.random() * max(0.0, self.pace.end - now)
                start = 60 * -(-due // 60) + 3600 * store.hours
            else:
                start = 60 * (now // 60 + self.rng.randrange(2 * 1440, 40 * 1440))
            text = datetime.datetime.fromtimestamp(start, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            if text not in used:
                used.add(text)
                return text

    def _call(self, store, path, body, expected):
        """One step, asked for again with the same key until it is answered; when it began, and how the booking stands."""
        key, begin = str(uuid.uuid4()), time.time()
        for _ in range(PATIENCE):
            try:
                status, _, answer = self.callers[store.tenant].post(path, body, idempotency_key=key)
            except (OSError, http.client.HTTPException):
                status, answer = None, None
            if status == expected:
                return begin, answer
            if status is not None and status < 500 and status != 429:
                raise AssertionError(f"{path} {body}: {status} {answer}")
            time.sleep(0.25)
        raise AssertionError(f"{path}: no answer to {PATIENCE} attempts")


class Crowd:
    """All of them, in threads."""

    def __init__(self, count, seed, api, stage, journal, pace):
        self.failures = []
        self.pace = pace
        self.clients = [Client(number, seed, api, stage, journal, pace) for number in range(count)]
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in self.clients]

    def _run(self, client):
        try:
            client.run()
        except BaseException as failure:
            self.failures.append(failure)
            self.pace.over.set()

    def start(self):
        for thread in self._threads:
            thread.start()

    def busy(self):
        if self.failures:
            raise self.failures[0]
        return any(thread.is_alive() for thread in self._threads)

    def stop(self):
        self.pace.over.set()
        for thread in self._threads:
            thread.join()
