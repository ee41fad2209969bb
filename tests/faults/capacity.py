"""No resource is ever fuller than it is: neither in the final database nor at any moment that the answers acknowledge."""

import collections

from findings import Finding
from history import OCCUPYING


def usage(window, occupants, resource):
    """The most seats that the occupants use on a resource at one moment of the window."""
    starts = [max(window[0], other.window[0]) for other in occupants]
    return max((sum(o.seats[resource] for o in occupants if o.window[0] <= at < o.window[1]) for at in starts), default=0)


def check(history):
    yield from _at_the_end(history)
    yield from _always(history)


def _at_the_end(history):
    """From the rows alone, whoever wrote them and whenever."""
    held = collections.defaultdict(list)
    for row in history.database["booking_resources"]:
        booking = history.rows.get(row["booking_id"])
        if booking and booking["status"] in OCCUPYING:
            held[row["resource_id"]].append((booking["occupied_from"], booking["occupied_to"], row["seats"], booking["id"]))
    for resource, windows in held.items():
        capacity = _capacity(history, resource)
        for at, *_ in windows:
            there = [window for window in windows if window[0] <= at < window[1]]
            if sum(seats for _, _, seats, _ in there) > capacity:
                yield Finding("capacity.final", f"resource {resource} is overbooked by bookings {', '.join(w[3] for w in there)}")


def _capacity(history, resource):
    return next((shop.resources[resource]["capacity"] for shop in history.shops.values() if resource in shop.resources), 0)


def _always(history):
    by_resource = collections.defaultdict(list)
    for occupant in history.occupants:
        for resource in occupant.seats:
            by_resource[resource].append(occupant)
    for resource, occupants in by_resource.items():
        capacity = _capacity(history, resource)
        for newest in occupants:
            since, until = newest.certainly
            if since >= until:
                continue
            # What is there together is there when the last of them has come.
            there = [o for o in occupants if o.certainly[0] <= since < o.certainly[1] and o.meets(newest.window)]
            if usage(newest.window, there, resource) > capacity:
                names = ", ".join(o.name for o in there)
                lines = [line for o in there if o.operation for line in history.journal.operations[o.operation].lines]
                yield Finding("capacity.history", f"resource {resource} was overbooked by {names}", tuple(lines))
