"""One actor of the workload: somebody who calls the shops all the time, not always politely.

Everything an actor decides comes from its own random numbers, seeded with the run's seed and its number. What is repeated
carries its Idempotency-Key; a lost answer is asked for again until it is known, or the run is over.
"""

import datetime
import random
import time
import zoneinfo

import calls
import hours

REPEATS = 60  # Attempts at one operation before its outcome stays unknown.
STEPS = ("confirm", "cancel", "complete", "no-show", "reschedule")


class Actor:
    def __init__(self, number, seed, nodes, token, shops, board, journal, tally, over):
        self.number = number
        self.rng = random.Random(f"{seed}/{number}")
        self.name = f"s{seed}-a{number}"
        self.nodes = nodes
        self.caller = calls.Caller(nodes, token, journal, number, tally)
        self.shops = shops
        self.board = board
        self.over = over
        self.operations = 0
        self.holds = []

    def run(self):
        while not self.over.is_set():
            self._act()
            # Mostly busy, sometimes pausing to think.
            self.over.wait(self.rng.choice((0, 0, 0, 0.005, 0.02, 0.1)))
        self.caller.close()

    def _act(self):
        shop = self.rng.choices(self.shops, (5, 4, 2))[0]
        acts = {
            self._hold: 16,
            self._book: 26,
            self._book_held: 18 if self.holds else 0,
            self._release: 3 if self.holds else 0,
            self._slots: 9,
            self._read: 6,
            self._step: 30,
        }
        self.rng.choices(list(acts), list(acts.values()))[0](shop)

    # --- what they do ------------------------------------------------------------------------------

    def _hold(self, shop):
        wish = self._wish(shop)
        sent = self._do("hold", shop, "POST", "/holds", wish)
        if sent.status == 201:
            self.holds.append((shop, sent.body["hold_token"]))

    def _book(self, shop):
        wish = self._wish(shop)
        if wish["source"] in ("staff", "walk_in") and self.rng.random() < 0.5:
            wish["start"] = self._start(shop, past=True)
        self._book_with(shop, wish)

    def _book_held(self, shop):
        # Not always at once, and sometimes twice: by then it may have ended.
        place = self.rng.randrange(len(self.holds))
        shop, token = self.holds[place]
        if self.rng.random() < 0.9:
            del self.holds[place]
        self._book_with(shop, {"hold_token": token})

    def _book_with(self, shop, what):
        body = what | self._who(shop) | {"customer_notes": self._next_tag()}
        sent = self._do("book", shop, "POST", "/bookings", body)
        if sent.status == 201:
            self.board.put(self.rng, shop, sent.body)

    def _release(self, shop):
        shop, token = self.holds.pop(self.rng.randrange(len(self.holds)))
        self._do("release", shop, "DELETE", f"/holds/{token}", None)

    def _slots(self, shop):
        menu = self._menu(shop)
        date = self._date(shop).isoformat()
        source = self.rng.choice(("web", "staff"))
        query = f"/slots?menu_id={menu['id']}&from={date}&to={date}&party_size={self._party(menu)}&source={source}&explain=true"
        self._do("slots", shop, "GET", query, None)

    def _read(self, shop):
        seen = self.board.pick(self.rng, shop)
        if seen:
            self._do("read", shop, "GET", f"/bookings/{seen['id']}", None, booking=seen["id"])

    def _step(self, shop):
        step = self.rng.choices(STEPS, (14, 36, 12, 10, 28))[0]
        seen = self.board.pick(self.rng, shop)
        if step in ("complete", "no-show"):
            # Most have not begun; a few looks find one that has.
            looks = [seen, *(self.board.pick(self.rng, shop) for _ in range(6))]
            seen = next((one for one in looks if one and hours.seconds(one["start"]) < time.time()), seen)
        if not seen:
            return
        path, body = f"/bookings/{seen['id']}/{step}", {"reason": self._next_tag()}
        if self.rng.random() < 0.3:
            body["version"] = seen["version"]
        by_customer = step == "cancel" and seen["manage_token"] is not None and self.rng.random() < 0.3
        if by_customer:
            path = f"/v1/public/bookings/{seen['manage_token']}/cancel"
        if step == "reschedule":
            body["start"] = self._start(shop, past=self.rng.random() < 0.1)
            if self.rng.random() < 0.15:
                body["resource_id"] = self.rng.choice([None, self.rng.choice(shop["resources"])["id"]])
        sent = self._do(step, shop, "POST", path, body, booking=seen["id"], by_customer=by_customer)
        if sent.status == 200:
            self.board.put(self.rng, shop, sent.body)

    # --- how they do it ----------------------------------------------------------------------------

    def _do(self, does, shop, method, path, body, **what):
        """One operation, until its outcome is known or the run is over; the last of its calls."""
        tag = self._tag if body else f"{self._next_tag()}"
        what |= {"op": tag, "does": does, "shop": shop["id"]}
        if not path.startswith("/v1/"):
            path = f"/v1/stores/{shop['id']}{path}"
        key = tag if method == "POST" and self.rng.random() < 0.95 else None
        node = self.rng.randrange(len(self.nodes))
        if key and self.rng.random() < 0.06:
            return self._twice(node, method, path, body, key, what)
        patience = self.rng.random
        sent = self.caller.call(node, method, path, body, disconnect=patience() < 0.04, key=key, **what)
        for attempt in range(REPEATS):
            if sent.known or self.over.is_set() or (method == "POST" and not key and sent.line["outcome"] != "refused"):
                break
            self._wait(sent, attempt)
            node = self.rng.randrange(len(self.nodes))
            sent = self.caller.call(node, method, path, body, disconnect=patience() < 0.04, key=key, **what)
        if sent.known and key and sent.status < 300 and self.rng.random() < 0.04:
            # Who is not sure asks again; what they go on with is the first answer.
            self.caller.call(self.rng.randrange(len(self.nodes)), method, path, body, key=key, **what)
        return sent

    def _twice(self, node, method, path, body, key, what):
        """The same request on two connections at once, perhaps to two nodes; the better known of the two outcomes."""
        other = self.rng.randrange(len(self.nodes))
        first = self.caller.send(node, method, path, body, key=key, **what)
        second = self.caller.send(other, method, path, body, lane=1, key=key, **what)
        impatient = self.rng.random() < 0.2
        first = self.caller.leave(first) if impatient and first.connection is not None else self.caller.receive(first)
        second = self.caller.receive(second)
        both = (first, second)
        return next((sent for sent in both if sent.known and sent.status < 300), next((sent for sent in both if sent.known), second))

    def _wait(self, sent, attempt):
        told = sent.headers.get("Retry-After")
        pause = float(told) if told else min(1.0, 0.02 * 2**attempt)
        self.over.wait(pause * self.rng.uniform(0.5, 1.0) if not told else pause)

    # --- what they want ----------------------------------------------------------------------------

    def _next_tag(self):
        """The name of the next operation; written into notes and reasons, it is found again in the database."""
        self.operations += 1
        self._tag = f"{self.name}-n{self.operations}"
        return self._tag

    def _wish(self, shop):
        self._next_tag()
        menu = self._menu(shop)
        wish = {"menu_id": menu["id"], "start": self._start(shop), "party_size": self._party(menu)}
        wish["source"] = self.rng.choices(("web", "staff", "walk_in"), (6, 3, 1))[0]
        if menu["requires_resource"] or self.rng.random() < 0.2:
            wish["resource_id"] = self.rng.choice(shop["resources"])["id"]
        return wish

    def _menu(self, shop):
        return self.rng.choice(shop["menus"])

    def _party(self, menu):
        # Now and then one too many.
        return self.rng.randint(1, menu["max_participants"] + (self.rng.random() < 0.05))

    def _date(self, shop, past=False):
        today = datetime.datetime.now(zoneinfo.ZoneInfo(shop["store"]["time_zone"])).date()
        return today + datetime.timedelta(days=self.rng.choice((-2, -1) if past else (0, 1, 1, 2, 2, 2)))

    def _start(self, shop, past=False):
        """Mostly a start of the grid within the hours; sometimes beside it, sometimes far outside."""
        zone = zoneinfo.ZoneInfo(shop["store"]["time_zone"])
        span = self.rng.choice(shop["store"]["business_hours"]["mon"])
        opens, closes = (int(text[:2]) * 60 + int(text[3:]) for text in (span["open"], span["close"]))
        step = shop["store"]["time_slot_interval"]
        minute = opens + step * self.rng.randrange((closes - opens) // step)
        chance = self.rng.random()
        if chance < 0.06:
            minute += self.rng.randrange(1, step)
        elif chance < 0.09:
            minute = self.rng.randrange(0, 30 * 60)
        midnight = datetime.datetime.combine(self._date(shop, past), datetime.time(), zone)
        instant = midnight.astimezone(datetime.UTC) + datetime.timedelta(minutes=minute)
        return instant.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _who(self, shop):
        if self.rng.random() < 0.4:
            return {"customer_id": self.rng.choice(shop["customers"])}
        # Slowly others come: those who stay away too often may not come back.
        number = self.rng.randrange(20) + self.operations // 20
        return {"customer": {"name": f"新 {number}", "phone": f"090-5555-{number:04}"}}
