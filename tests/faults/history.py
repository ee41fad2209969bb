"""What became of every booking and hold: the journal's operations laid beside the final database.

Each version of a booking, and each hold, is an `Occupant` with two times. It is there *possibly* from the beginning of the
operation that made it to the acknowledgement of the one that ended it, and *certainly* from acknowledgement to beginning.
"""

import collections
import dataclasses
import functools
import hashlib
import math

import hours
from operations import CLOCK
from shop_model import Shop

OCCUPYING = ("pending", "confirmed", "completed", "no_show")


@dataclasses.dataclass(eq=False)
class Occupant:
    """Something that keeps a window of resources: `seats` by resource."""

    name: str
    shop: str
    booking: str | None
    operation: str | None
    date: str
    window: tuple
    seats: dict
    possibly: tuple
    certainly: tuple

    def meets(self, window):
        return self.window[0] < window[1] and window[0] < self.window[1]


@dataclasses.dataclass(eq=False)
class Version:
    """One state of a booking, and the operation that led to it (None: nobody asked for it)."""

    number: int
    kind: str
    operation: object
    record: dict
    nominated: str | None
    possibly: tuple = (-math.inf, math.inf)
    certainly: tuple = (math.inf, -math.inf)

    @property
    def status(self):
        return self.record["status"]


class History:
    def __init__(self, journal, database):
        self.journal = journal
        self.database = database
        self.shops = {line["id"]: Shop(line) for line in journal.shops}
        self.rows = {row["id"]: row for row in database["bookings"]}
        self.changes = collections.defaultdict(list)
        for change in database["booking_changes"]:
            self.changes[change["booking_id"]].append(change)
        for changes in self.changes.values():
            changes.sort(key=lambda change: change["version"])
        self._seats = collections.defaultdict(dict)
        for held in database["booking_resources"]:
            self._seats[held["booking_id"]][held["resource_id"]] = held["seats"]
        self.versions = {booking: self._versions(booking) for booking in self.rows}

    # --- bookings ------------------------------------------------------------------------------------

    def operation_of(self, change):
        """Whose change it is, by the name that the caller wrote into it."""
        row = self.rows.get(change["booking_id"])
        name = change["reason"] if change["change_type"] != "create" else row and row["customer_notes"]
        return self.journal.operations.get(name)

    def _versions(self, booking):
        versions, nominated = [], None
        for change in self.changes[booking]:
            operation = self.operation_of(change)
            nominated = self._nominated(operation, nominated)
            versions.append(Version(change["version"], change["change_type"], operation, change["after_data"], nominated))
        begin = -math.inf
        begins = []
        for version in versions:
            begin = max(begin, version.operation.begin if version.operation else -math.inf)
            begins.append(begin)
        ack, acks = math.inf, []
        for version in reversed(versions):
            ack = min(ack, version.operation.ack if version.operation else math.inf)
            acks.insert(0, ack)
        for place, version in enumerate(versions):
            last = place + 1 == len(versions)
            version.possibly = (begins[place], math.inf if last else acks[place + 1])
            version.certainly = (acks[place], math.inf if last else begins[place + 1])
        return versions

    def _nominated(self, operation, before):
        if operation is None or operation.body is None:
            return before
        if "hold_token" in operation.body:
            hold = self.holds.get(operation.body["hold_token"])
            return hold.body.get("resource_id") if hold else None
        if operation.does == "book" or "resource_id" in operation.body:
            return operation.body.get("resource_id")
        return before

    def seats_of_row(self, booking):
        """The seats that a booking's rows keep, by resource."""
        return self._seats[booking]

    def occupied(self, shop, record):
        """The occupied window of a booking's or a hold's terms, computed from the menu."""
        primary = record["resources"][0]["id"] if shop.uses_primary(record["menu_id"]) and record["resources"] else None
        return shop.place(record["menu_id"], hours.minute(record["start"]), primary).occupied

    # --- holds ---------------------------------------------------------------------------------------

    @functools.cached_property
    def holds(self):
        """The operations that made a hold whose token is known, by token."""
        made = (op for op in self.journal.operations.values() if op.does == "hold" and op.successes)
        return {op.result["hold_token"]: op for op in made}

    @functools.cached_property
    def users(self):
        """The operations that book or release a token, by token."""
        users = collections.defaultdict(list)
        for op in self.journal.operations.values():
            if op.does == "book" and "hold_token" in op.body:
                users[op.body["hold_token"]].append(op)
            elif op.does == "release":
                users[op.calls[0]["path"].rsplit("/", 1)[1]].append(op)
        return users

    def expiry(self, hold):
        """When a hold ends by the clock: the earliest and the latest monotonic time."""
        at = hours.seconds(hold.result["expires_at"]) - self.journal.epoch
        least, most = self.journal.clock_offsets
        return at - most - CLOCK, at - least + CLOCK

    # --- who occupies ----------------------------------------------------------------------------------

    @functools.cached_property
    def occupants(self):
        return [*self._booked(), *self._held(), *self._unknown_holds()]

    def _booked(self):
        for booking, versions in self.versions.items():
            shop = self.shops[self.rows[booking]["store_id"]]
            for version in versions:
                if version.status in OCCUPYING:
                    record = version.record
                    seats = {held["id"]: held["seats"] for held in record["resources"]}
                    name = f"booking {booking} version {version.number}"
                    by = version.operation and version.operation.name
                    window = self.occupied(shop, record)
                    yield Occupant(name, shop.id, booking, by, record["business_date"], window, seats, version.possibly, version.certainly)

    def _held(self):
        for token, hold in self.holds.items():
            shop, terms = self.shops[hold.shop], hold.result
            window = self.occupied(shop, terms | {"menu_id": hold.body["menu_id"]})
            seats = {held["id"]: held["seats"] for held in terms["resources"]}
            ends, ended = self.expiry(hold)
            for user in self.users[token]:
                if user.may_have_happened:
                    ends = min(ends, user.begin)
                ended = min(ended, user.ack)
            name = f"hold {hashlib.sha256(token.encode()).hexdigest()[:12]}"
            yield Occupant(name, shop.id, None, hold.name, terms["business_date"], window, seats, (hold.begin, ended), (hold.ack, ends))

    def _unknown_holds(self):
        """Holds that may have been made without anybody knowing. Which resources they keep is not known either: all they could."""
        for op in self.journal.operations.values():
            if op.does != "hold" or not op.unknown:
                continue
            shop, start = self.shops[op.shop], hours.minute(op.body["start"])
            primaries = shop.candidates(op.body["menu_id"]) if shop.uses_primary(op.body["menu_id"]) else [None]
            places = [shop.place(op.body["menu_id"], start, primary) for primary in primaries]
            places = [place for place in places if place.date]
            if not places:
                continue
            window = min(place.occupied[0] for place in places), max(place.occupied[1] for place in places)
            reach = set().union({place.primary for place in places} - {None}, *shop.needs(op.body["menu_id"]))
            seats = {resource: shop.resources[resource]["capacity"] for resource in reach}
            most = op.end + 60 * shop.store["hold_minutes"] + self.journal.clock_offsets[1] - self.journal.clock_offsets[0] + 30
            yield Occupant(f"hold of {op}", shop.id, None, op.name, str(places[0].date), window, seats, (op.begin, most), (math.inf, -math.inf))

    # --- people ------------------------------------------------------------------------------------------

    def person(self, operation):
        """Who comes, as the operation says it: a customer's id or a telephone number of a shop."""
        if "customer_id" in operation.body:
            return operation.body["customer_id"]
        return f"{operation.shop} {operation.body['customer']['phone']}"

    @functools.cached_property
    def no_shows(self):
        """The operations that may have marked a booking as missed, by person."""
        found = collections.defaultdict(list)
        for op in self.journal.operations.values():
            if op.does == "no-show" and op.may_have_happened:
                made = self.versions.get(op.booking)
                if made and made[0].operation:
                    found[self.person(made[0].operation)].append(op)
        return found
