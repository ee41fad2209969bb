"""What a shop offers, as docs/booking-rules.md says: lengths, resources, and every rule that is decided without other bookings."""

import dataclasses
import functools
import itertools

import hours


@dataclasses.dataclass(frozen=True)
class Wish:
    """What somebody asks for. `start` is a minute; `person` is whoever comes, if known; `moved` the booking that is moved."""

    menu: str
    start: int
    party: int
    nominated: str | None
    source: str
    person: str | None = None
    moved: str | None = None

    @property
    def by_customer(self):
        return self.source in ("web", "line")


@dataclasses.dataclass(frozen=True)
class Place:
    """A wish with one primary resource (or none): its windows and its business date."""

    primary: str | None
    service: tuple
    occupied: tuple
    work: tuple
    date: object
    span: tuple | None


class Shop:
    def __init__(self, line):
        self.id = line["id"]
        self.name = line["name"]
        self.store = line["store"]
        self.hours = hours.Hours(line["store"])
        self.resources = {resource["id"]: resource for resource in line["resources"]}
        self.menus = {menu["id"]: menu for menu in line["menus"]}
        self.limit = line["store"]["booking_limit_per_day"]
        self.threshold = line["store"]["no_show_policy"]["threshold"]

    # --- length ------------------------------------------------------------------------------------

    def service_minutes(self, menu, primary):
        rate = round(100 * self.resources[primary]["efficiency_rate"]) if primary else 100
        return -(-self.menus[menu]["base_duration"] * 100 // rate)

    def place(self, menu_id, start, primary):
        menu = self.menus[menu_id]
        begins = start - menu["prep_duration"]
        ends = start + self.service_minutes(menu_id, primary)
        cleaned = ends + menu["cleanup_duration"]
        found = self.hours.span_of((start, ends))
        date, span = found if found else (None, None)
        return Place(primary, (start, ends), (begins, cleaned + menu["buffer_duration"]), (begins, cleaned), date, span)

    # --- resources ---------------------------------------------------------------------------------

    def uses_primary(self, menu_id):
        menu = self.menus[menu_id]
        return bool(menu["requires_resource"] or menu["allowed_resource_types"] is not None or menu["resource_ids"] is not None)

    def candidates(self, menu_id):
        menu = self.menus[menu_id]
        types, ids = menu["allowed_resource_types"], menu["resource_ids"]
        admitted = self.resources.values()
        return [r["id"] for r in admitted if (types is None or r["type"] in types) and (ids is None or r["id"] in ids)]

    def seats(self, menu_id, resource_id, party):
        """How many seats a party needs on a resource."""
        shared = self.menus[menu_id]["service_type"] in ("group", "course")
        resource = self.resources[resource_id]
        if shared or resource["type"] in ("staff", "equipment"):
            return party
        return resource["capacity"]

    def needs(self, menu_id):
        """What is needed beside the primary resource: for each piece, which resources would do."""
        pieces = []
        for need in self.menus[menu_id]["required_resources"]:
            ids = need.get("resource_ids")
            fit = {r["id"] for r in self.resources.values() if r["type"] == need["type"] and (ids is None or r["id"] in ids)}
            pieces += [fit] * need.get("quantity", 1)
        return pieces

    def possible(self, menu_id, primary, good):
        """Whether the primary resource and different ones for all that is needed beside it can be had where `good` says so."""
        if primary is not None and not good(primary):
            return False
        pieces = [[r for r in sorted(piece - {primary}) if good(r)] for piece in self.needs(menu_id)]
        return any(len(set(chosen)) == len(chosen) for chosen in itertools.product(*pieces))

    # --- rules that other bookings do not decide -----------------------------------------------------

    @functools.cache
    def places(self, wish):
        """The first rule that refuses the wish whoever else has booked, or None, and the places that are left."""
        candidates = self.candidates(wish.menu) if self.uses_primary(wish.menu) else []
        if wish.nominated is not None and wish.nominated not in candidates:
            return "resource_not_allowed", []
        if wish.nominated is None and self.menus[wish.menu]["requires_resource"]:
            return "resource_required", []
        chosen = [wish.nominated] if wish.nominated else candidates
        places = [self.place(wish.menu, wish.start, primary) for primary in (chosen if self.uses_primary(wish.menu) else [None])]
        for code, holds in (
            ("outside_opening_hours", lambda place: place.date is not None),
            ("off_grid", lambda place: not wish.by_customer or (wish.start - place.span[0]) % self.hours.step == 0),
            ("resource_unavailable", lambda place: self.possible(wish.menu, place.primary, lambda r: self._works(r, place))),
            ("party_exceeds_capacity", lambda place: self.possible(wish.menu, place.primary, lambda r: self.fits(r, place, wish))),
        ):
            places = [place for place in places if holds(place)]
            if not places:
                return code, []
        return None, places


    def _works(self, resource, place):
        spans = self.hours.working(self.resources[resource]["working_hours"], place.date)
        return any(opens <= place.work[0] and place.work[1] <= closes for opens, closes in spans)

    def fits(self, resource, place, wish):
        return self._works(resource, place) and wish.party <= self.resources[resource]["capacity"]

    def party_refused(self, wish):
        menu = self.menus[wish.menu]
        return not menu["min_participants"] <= wish.party <= menu["max_participants"]
