"""The workload: many actors at once on few shops, for a while."""

import collections
import threading

from actor import Actor

LATELY = 300  # Bookings of a shop that are still of interest.


class Board:
    """The bookings that actors know of, by shop: everybody meddles with everybody's."""

    def __init__(self):
        self._lock = threading.Lock()
        self._open = collections.defaultdict(dict)

    def put(self, rng, shop, answer):
        """Notes a booking as an answer shows it."""
        booking = answer["id"]
        with self._lock:
            known = self._open[shop["id"]]
            # Now and then one that is over stays, for steps that must be refused.
            if answer["status"] in ("cancelled", "completed", "no_show") and rng.random() < 0.8:
                known.pop(booking, None)
                return
            before = known.get(booking, {"version": 0, "manage_token": None})
            if answer["version"] > before["version"]:
                token = answer.get("manage_token", before["manage_token"])
                known[booking] = {"id": booking, "version": answer["version"], "start": answer["start"], "manage_token": token}
            if len(known) > LATELY:
                del known[next(iter(known))]

    def pick(self, rng, shop):
        """One of them as it was seen last, or None."""
        with self._lock:
            known = self._open[shop["id"]]
            return rng.choice(list(known.values())) if known else None


class Tally:
    """What came of the calls so far."""

    def __init__(self):
        self._lock = threading.Lock()
        self.outcomes = collections.Counter()
        self.longest = 0.0

    def count(self, sent):
        line = sent.line
        with self._lock:
            self.outcomes["calls"] += 1
            self.longest = max(self.longest, line["end"] - line["begin"])
            if line["outcome"] != "answer":
                self.outcomes[line["outcome"]] += 1
            elif sent.status >= 500 or sent.status == 429:
                self.outcomes[str(sent.status)] += 1
            elif sent.status >= 400:
                self.outcomes["refusals"] += 1
            elif line["does"] == "book" and sent.status == 201 and "Idempotent-Replayed" not in sent.headers:
                self.outcomes["bookings"] += 1

    def __str__(self):
        with self._lock:
            found = dict(self.outcomes)
        shown = [f"{found.pop('calls', 0)} calls", f"{found.pop('bookings', 0)} bookings", f"{found.pop('refusals', 0)} refusals"]
        return ", ".join(shown + [f"{count} {name}" for name, count in sorted(found.items())])


class Workload:
    def __init__(self, seed, actors, nodes, token, shops, journal):
        self.tally = Tally()
        self._over = threading.Event()
        board = Board()
        crew = [Actor(n, seed, nodes, token, shops, board, journal, self.tally, self._over) for n in range(actors)]
        self._failures = []
        self._threads = [threading.Thread(target=self._run, args=(actor,), name=actor.name) for actor in crew]

    def _run(self, actor):
        try:
            actor.run()
        except BaseException as failure:
            self._failures.append(failure)
            self._over.set()

    def start(self):
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Lets everybody finish what they are at; raises what went wrong in an actor itself."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        self.check()

    def check(self):
        if self._failures:
            raise self._failures[0]
