"""Every answer is justified by what may have been so at some moment of its call; so is every failure to answer."""

import collections
import datetime
import functools
import itertools

import hours
from capacity import usage
from effects import differences
from findings import Finding
from operations import LEFT_ALONE
from shop_model import Wish

RECOVERY = 15  # Seconds after the last fault until which calls may fail.
PART = 5  # Seconds; see `_times`.
ROUNDED = 60  # Seconds: rules may count in whole minutes.
# The rules that other bookings, the clock and the customer decide, in the order in which they are named.
LATE = (
    "slot_taken",
    "too_soon",
    "too_far_ahead",
    "same_day_not_accepted",
    "day_limit_reached",
    "party_size_out_of_range",
    "customer_restricted",
)
# From which status each step is possible.
STEPS = {
    "confirm": ("pending",),
    "cancel": ("pending", "confirmed"),
    "complete": ("confirmed",),
    "no-show": ("confirmed",),
    "reschedule": ("pending", "confirmed"),
}


class Judge:
    def __init__(self, history):
        self.history = history
        self.journal = history.journal
        self.over = max((call["end"] for call in self.journal.calls), default=0)
        self.index = collections.defaultdict(list)
        self.by_date = collections.defaultdict(list)
        for occupant in history.occupants:
            self.by_date[occupant.shop, occupant.date].append(occupant)
            days = range(occupant.window[0] // 1440, (occupant.window[1] - 1) // 1440 + 1)
            for key in itertools.product(occupant.seats, days, self._times(*occupant.possibly)):
                self.index[key].append(occupant)

    def _times(self, since, until):
        """The parts of the run that a time touches, by which occupants are found."""
        return range(int(max(since, 0)) // PART, int(min(until, self.over)) // PART + 1)

    def check(self):
        for operation in self.journal.operations.values():
            for call in operation.calls:
                yield from self._call(operation, call)

    # --- outcomes --------------------------------------------------------------------------------------

    def _call(self, operation, call):
        line = (call["line"],)
        if call["end"] - call["begin"] > LEFT_ALONE:
            yield Finding("answers.hang", f"{operation}: no outcome for {call['end'] - call['begin']:.0f} s", line)
        if call["outcome"] != "answer":
            if not self._faulty(call) and call["error"] != "the client left":
                yield Finding("answers.lost", f"{operation}: {call['error']} without a fault", line)
            return
        status, answer = call["status"], call["answer"]
        code = answer.get("code") if isinstance(answer, dict) else None
        if status >= 500 or status == 429:
            if status not in (503, 429) or "Retry-After" not in call["headers"]:
                yield Finding("answers.failed", f"{operation}: {status} {code}, Retry-After {call['headers'].get('Retry-After')}", line)
            elif not self._faulty(call):
                yield Finding("answers.unavailable", f"{operation}: {status} {code} without a fault", line)
        elif "Idempotent-Replayed" in call["headers"]:
            return  # Judged with the first answer.
        elif status >= 400:
            if wrong := self._refusal(operation, call, code):
                yield Finding("answers.refusal", f"{operation}: {status} {code}: {wrong}", line)
        elif wrong := self._success(operation, call):
            yield Finding("answers.success", f"{operation}: {wrong}", line)

    def _faulty(self, call):
        faults = self.journal.faults
        return faults is not None and faults[0] <= call["end"] and call["begin"] <= faults[1] + RECOVERY

    # --- refusals and successes -------------------------------------------------------------------------

    def _refusal(self, operation, call, code):
        """Why this refusal cannot be right, or None."""
        if code == "concurrent_change":
            return None if self._company(operation, call) else "nobody else was there"
        if operation.does in ("hold", "book") and "hold_token" not in operation.body:
            return self._verdict(self._wish(operation), call, operation, code)
        if operation.does == "book":
            return self._held_refused(operation, call, code)
        if operation.does in STEPS:
            return self._step_refused(operation, call, code)
        return "nothing refuses this"

    def _success(self, operation, call):
        """Why this success cannot be right, or None."""
        if operation.does == "slots":
            return self._search(operation, call)
        if operation.does == "read":
            return self._read(call)
        if operation.does == "book" and "hold_token" in operation.body:
            hold = self.history.holds[operation.body["hold_token"]]
            if self.history.expiry(hold)[1] < call["begin"]:
                return "the hold had ended"
            return "the customer was restricted" if self._restricted(self.history.person(operation), call)[1] else None
        if operation.does in ("hold", "book"):
            return self._verdict(self._wish(operation), call, operation, None) or self._terms(self._wish(operation), call["answer"])
        if operation.does == "reschedule":
            wishes = self._moves(operation, call)
            reasons = [self._verdict(wish, call, operation, None) or self._terms(wish, call["answer"]) for wish in wishes]
            return next((None for reason in reasons if reason is None), reasons[0] if reasons else "there was no such booking")
        if call.get("by_customer") and not self._changeable(operation, call, certainly=False):
            return "the customer's time for changes was over"
        return None  # What steps led to is judged with the booking's life.

    def _held_refused(self, operation, call, code):
        token = operation.body["hold_token"]
        hold = self.history.holds[token]
        if code == "hold_expired":
            others = (user for user in self.history.users[token] if user is not operation)
            gone = any(user.may_have_happened and user.begin <= call["end"] for user in others)
            return None if gone or self.history.expiry(hold)[0] <= call["end"] else "nobody had used it and it had not ended"
        if code == "customer_restricted":
            return None if self._restricted(self.history.person(operation), call)[0] else "the customer was not restricted"
        return "a hold is not refused for this"

    def _step_refused(self, operation, call, code):
        versions = self._versions(operation.booking, call)
        if not versions:
            return "there was no such booking"
        asked = operation.body.get("version")
        if code == "stale_version":
            return None if any(version.number != asked for version in versions) else "that was its version"
        if asked is not None and all(version.number != asked for version in versions):
            return "the version was stale, which comes first"
        if code == "invalid_transition":
            return None if any(version.status not in STEPS[operation.does] for version in versions) else "its status allowed it"
        if all(version.status not in STEPS[operation.does] for version in versions):
            return "its status did not allow it, which comes first"
        if code == "too_late_to_change":
            may = call.get("by_customer") and not self._changeable(operation, call, certainly=True)
            return None if may else "it could still be changed"
        if code == "not_started":
            starts = [hours.minute(version.record["start"]) * 60 for version in versions]
            return None if operation.does in ("complete", "no-show") and max(starts) > self.journal.now(call)[0] else "it had begun"
        if operation.does == "reschedule":
            reasons = [self._verdict(wish, call, operation, code) for wish in self._moves(operation, call)]
            return None if None in reasons else reasons[0]
        return "this step is not refused for this"

    def _changeable(self, operation, call, certainly):
        """Whether a booking could certainly, or possibly, still be changed by its customer at the time of a call."""
        shop, (least, latest) = self.history.shops[call["shop"]], self.journal.now(call)
        until = [
            hours.seconds(version.record["start"]) - 3600 * shop.menus[version.record["menu_id"]]["cancellation_hours"]
            for version in self._versions(operation.booking, call)
        ]
        if not until:
            # Of a booking that is in no table nothing is known.
            return not certainly
        return min(until) > latest if certainly else max(until) > least

    def _versions(self, booking, call):
        """What a booking may have been at some moment of the call."""
        return [v for v in self.history.versions.get(booking, ()) if v.possibly[0] <= call["end"] and call["begin"] <= v.possibly[1]]

    def _company(self, operation, call):
        return any(
            other["op"] != operation.name and other["shop"] == call["shop"] and other["begin"] <= call["end"] and call["begin"] <= other["end"]
            for other in self.journal.calls
        )

    def _always_refused(self, shop, wish):
        """The rule that refuses a wish whenever its start is, or None."""
        early = shop.places(wish)[0]
        if early in ("resource_not_allowed", "resource_required"):
            return early
        return "party_size_out_of_range" if shop.party_refused(wish) else None

    # --- wishes ------------------------------------------------------------------------------------------

    def _wish(self, operation):
        body = operation.body
        person = self.history.person(operation) if operation.does == "book" else None
        return Wish(body["menu_id"], hours.minute(body["start"]), body["party_size"], body.get("resource_id"), body["source"], person)

    def _moves(self, operation, call):
        """What a reschedule asks for, by each version that it may have met."""
        wishes = []
        for version in self._versions(operation.booking, call):
            if version.status in STEPS["reschedule"] and version.operation is not operation:
                record, nominated = version.record, operation.body.get("resource_id", version.nominated)
                made = self.history.versions[operation.booking][0].operation
                person = self.history.person(made) if made else None
                start = hours.minute(operation.body["start"])
                wishes.append(Wish(record["menu_id"], start, record["party_size"], nominated, "staff", person, operation.booking))
        return wishes

    def _verdict(self, wish, call, operation, code):
        """Why `code` (None: a success) cannot be the answer to a wish, or None."""
        shop = self.history.shops[call["shop"]]
        early, places = shop.places(wish)
        if early is not None or code not in (None, *LATE):
            return None if early == code else f"{early or 'no such rule'} is the rule"
        for late in LATE:
            may, must = self._late(late, shop, wish, places, call, operation)
            if late == code:
                return None if may else "the rule does not refuse it"
            if must:
                return f"{late} refuses it"
        return None

    def _late(self, code, shop, wish, places, call, operation):
        """Whether a rule may, and whether it must have refused a wish at the time of a call."""
        if code == "slot_taken":
            return self._taken(shop, wish, places, call, operation)
        if code == "party_size_out_of_range":
            return (shop.party_refused(wish),) * 2
        if code == "customer_restricted":
            return self._restricted(wish.person, call)
        if not wish.by_customer:
            return False, False
        least, latest = self.journal.now(call)
        if code == "too_soon":
            notice = wish.start * 60 - 3600 * shop.menus[wish.menu]["advance_booking_hours"]
            return notice < latest + ROUNDED, notice < least - ROUNDED
        if code == "too_far_ahead":
            ahead = datetime.timedelta(days=shop.store["advance_booking_days"])
            dates = [place.date - ahead for place in places]
            return max(dates) > shop.hours.local_date(least), min(dates) > shop.hours.local_date(latest)
        if code == "day_limit_reached":
            return self._limit(shop, places, call, operation)
        return False, False  # These shops take bookings for the same day.

    def _restricted(self, person, call):
        """Whether somebody may, and whether they must have stayed away too often to book at the time of a call."""
        marks = self.history.no_shows.get(person, ()) if person else ()
        threshold = self.history.shops[call["shop"]].threshold
        may = sum(op.begin <= call["end"] for op in marks)
        must = sum(op.ack <= call["begin"] for op in marks)
        return bool(person) and may >= threshold, bool(person) and must >= threshold

    # --- free seats ----------------------------------------------------------------------------------------

    def _limit(self, shop, places, call, operation):
        counts = []
        for place in places:
            there = [o for o in self.by_date[shop.id, str(place.date)] if o.operation != operation.name]
            most = max(sum(o.possibly[0] <= at <= o.possibly[1] for o in there) for at in self._moments(there, call))
            least = sum(o.certainly[0] <= call["begin"] and call["end"] <= o.certainly[1] for o in there)
            counts.append((most, least))
        return max(most for most, _ in counts) >= shop.limit, min(least for _, least in counts) >= shop.limit

    def _moments(self, occupants, call):
        """The moments of a call at which most may have been there: its beginning, and whenever somebody may have come."""
        return [call["begin"], *(o.possibly[0] for o in occupants if call["begin"] < o.possibly[0] <= call["end"])]

    def _taken(self, shop, wish, places, call, operation):
        near = self._near(shop, wish, places, call, operation)
        certain = {r: [o for o in there if o.certainly[0] <= call["begin"] and call["end"] <= o.certainly[1]] for r, there in near.items()}
        must = not self._room(shop, wish, places, certain)
        if must:
            return True, True
        if self._room(shop, wish, places, near):
            return False, False
        everybody = {o for there in near.values() for o in there}
        for at in self._moments(everybody, call):
            then = {r: [o for o in there if o.possibly[0] <= at <= o.possibly[1]] for r, there in near.items()}
            if not self._room(shop, wish, places, then):
                return True, False
        return False, False

    def _near(self, shop, wish, places, call, operation):
        """Who may have been on the resources of a wish at some moment of the call, by resource."""
        window = min(place.occupied[0] for place in places), max(place.occupied[1] for place in places)
        days = range(window[0] // 1440, (window[1] - 1) // 1440 + 1)
        reach = set().union({place.primary for place in places} - {None}, *shop.needs(wish.menu))
        near = {}
        for resource in reach:
            there = {o for day in days for part in self._times(call["begin"], call["end"]) for o in self.index.get((resource, day, part), ())}
            near[resource] = [
                o
                for o in there
                if o.meets(window)
                and o.possibly[0] <= call["end"]
                and call["begin"] <= o.possibly[1]
                and o.operation != operation.name
                and (wish.moved is None or o.booking != wish.moved)
            ]
        return near

    def _room(self, shop, wish, places, there):
        """Whether some combination of resources has room for a wish beside those who are there."""

        def free(place, resource):
            others = [o for o in there[resource] if o.meets(place.occupied)]
            room = shop.resources[resource]["capacity"] - usage(place.occupied, others, resource)
            return shop.fits(resource, place, wish) and shop.seats(wish.menu, resource, wish.party) <= room

        return any(shop.possible(wish.menu, place.primary, functools.partial(free, place)) for place in places)

    # --- what was agreed -------------------------------------------------------------------------------------

    def _terms(self, wish, answer):
        """Why what was agreed is not what was asked for, or None."""
        shop = self.history.shops[answer["store_id"]] if "store_id" in answer else self._shop_of(wish.menu)
        _, places = shop.places(wish)
        held = {one["id"]: one["seats"] for one in answer["resources"]}
        primary = answer["resources"][0]["id"] if shop.uses_primary(wish.menu) else None
        place = next((place for place in places if place.primary == primary), None)
        if place is None:
            return f"{primary} cannot be its primary resource"
        if (hours.minute(answer["start"]), hours.minute(answer["end"])) != place.service or answer["business_date"] != str(place.date):
            return f"it lies at {answer['start']} to {answer['end']} of {answer['business_date']}"
        beside = set(held) - {primary}
        pieces = shop.needs(wish.menu)
        if len(beside) != len(pieces) or not shop.possible(wish.menu, primary, lambda r: r in held and shop.fits(r, place, wish)):
            return "its resources are not what the menu needs"
        if any(seats != shop.seats(wish.menu, resource, wish.party) for resource, seats in held.items()):
            return "its seats are not what the party needs"
        price = answer.get("total_price", answer.get("price"))
        return None if price == shop.menus[wish.menu]["base_price"] else f"it costs {price}"

    def _shop_of(self, menu):
        return next(shop for shop in self.history.shops.values() if menu in shop.menus)

    # --- reading -----------------------------------------------------------------------------------------------

    def _read(self, call):
        """A reader sees what stood at some moment of the call, whole."""
        booking, answer = call["booking"], call["answer"]
        for version in self._versions(booking, call):
            if version.number == answer["version"]:
                wrong = differences(answer, version.record)
                return f"version {version.number} was read otherwise than it was: {wrong}" if wrong else None
        return f"version {answer['version']} was read, which was not there then"

    def _search(self, operation, call):
        """Each start that was offered could be booked, each that was refused could not, and no start of the grid is missing."""
        asked = dict(part.split("=") for part in call["path"].split("?")[1].split("&"))
        shop = self.history.shops[call["shop"]]
        menu, party, source = asked["menu_id"], int(asked["party_size"]), asked["source"]
        answer = call["answer"]
        always = self._always_refused(shop, Wish(menu, 0, party, None, source))
        if answer["refused_by"] != always:
            return f"{answer['refused_by']} does not refuse every start"
        judged = [(start, None) for start in answer["offered"]] + answer["refused"]
        for start, code in judged:
            if wrong := self._verdict(Wish(menu, hours.minute(start), party, None, source), call, operation, code):
                return f"{start} {code or 'offered'}: {wrong}"
        seen = {hours.minute(start) for start, _ in judged}
        if always and not judged:
            return None
        date = datetime.date.fromisoformat(asked["from"])
        grid = {start for opens, closes in shop.hours.open(date) for start in range(opens, closes, shop.hours.step)}
        return f"{len(grid ^ seen)} starts of the grid are missing or made up" if grid != seen else None
