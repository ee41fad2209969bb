"""What must be told, may be told, and must not be told any more: a model of docs/notifications.md over the steps of each booking."""

import collections
import dataclasses
import datetime
import math
import zoneinfo

EVENTS = {"book": "booking.created", "confirm": "booking.confirmed", "reschedule": "booking.updated", "cancel": "booking.cancelled"}


def seconds(text):
    """An instant as the API writes it, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


def shown(start, zone):
    """A start as the wordings show it: date and time on the store's clock."""
    local = datetime.datetime.fromtimestamp(start, zoneinfo.ZoneInfo(zone))
    return f"{local.year}年{local.month}月{local.day}日({'月火水木金土日'[local.weekday()]}) {local:%H:%M}"


@dataclasses.dataclass(eq=False)
class Expected:
    """One message: its name, to whom, from when on, and until when."""

    name: tuple  # Number of the booking, kind, and the start where a booking can have several of the kind.
    customer: dict
    store: dict
    line: int  # Of the step that leads to it.
    since: float  # When that step was certainly done; of a reminder when it is due.
    earliest: float  # It cannot be there before.
    must: bool
    undone: tuple = (math.inf, math.inf)  # Beginning and end of the step that makes it no longer so.

    @property
    def kind(self):
        return self.name[1]


@dataclasses.dataclass(frozen=True)
class Told:
    """One event at one endpoint."""

    path: str
    booking: str
    version: int


def name_of(number, kind, start):
    return (number, kind, start if kind in ("reminder", "change_request") else None)


class Model:
    def __init__(self, entries):
        by_kind = collections.defaultdict(list)
        for entry in entries:
            by_kind[entry["kind"]].append(entry)
        self.run = by_kind["run"][0]
        self.stores = {one["id"]: one for one in by_kind["store"]}
        self.customers = {one["id"]: one for one in by_kind["customer"]}
        self.endpoints = by_kind["endpoint"]
        self.attempts = sorted(by_kind["attempt"], key=lambda one: one["at"])
        self.kills = sorted(one["at"] for one in by_kind["kill"])
        self.notifications = by_kind["notification"]
        self.deliveries = by_kind["delivery"]
        self.horizon = by_kind["end"][-1]["horizon"]
        self.away = by_kind["away"]
        self.standstills = by_kind["standstill"]
        self.bookings = collections.defaultdict(list)
        for step in by_kind["step"]:
            self.bookings[step["booking"]].append(step)
        self.steps = by_kind["step"]
        self.messages = {}
        for steps in self.bookings.values():
            for place, step in enumerate(steps):
                for message in self._news(step, steps[place + 1 :]), self._reminder(step, steps[place + 1 :]):
                    if message:
                        self.messages.setdefault(message.name, message)
        self.events = {told: step for step in self.steps for told in self._told(step)}

    def killed(self, begin, end):
        """Whether a worker was killed in that time."""
        return any(begin <= at <= end for at in self.kills)

    def stood_still(self, begin, end):
        """Whether the machine stood still for some of that time."""
        return any(one["begin"] <= end and begin <= one["end"] for one in self.standstills)

    def _made(self, step, kind, later, undoing, **times):
        undo = next((one for one in later if undoing(one)), None)
        undone = (undo["begin"], undo["end"]) if undo else (math.inf, math.inf)
        store = self.stores[step["store"]]
        name = name_of(step["number"], kind, shown(seconds(step["start"]), store["zone"]))
        times = {"since": step["end"], "earliest": step["begin"], "must": undo is None} | times
        return Expected(name, self.customers[step["customer"]], store, step["line"], undone=undone, **times)

    def _news(self, step, later):
        does, status = step["does"], step["status"]
        if does == "cancel":
            return self._made(step, "booking_cancelled", later, lambda _: False)
        if does == "reschedule":
            return self._made(step, "change_request", later, lambda one: one["does"] in ("reschedule", "cancel"))
        if status == "pending":
            return self._made(step, "booking_received", later, lambda one: one["status"] != "pending")
        return self._made(step, "booking_confirmed", later, lambda one: one["status"] != "confirmed")

    def _reminder(self, step, later):
        """None where the booking was agreed, or moved, when it was due already."""
        due = seconds(step["start"]) - 3600 * self.stores[step["store"]]["hours"]
        if step["status"] != "confirmed" or step["begin"] >= due:
            return None
        message = self._made(step, "reminder", later, lambda one: one["does"] in ("reschedule", "cancel"), since=due, earliest=due)
        message.must = message.must and step["end"] < due <= self.horizon
        return message

    def _told(self, step):
        tenant, event = self.stores[step["store"]]["tenant"], EVENTS[step["does"]]
        for endpoint in self.endpoints:
            hears = event in endpoint["events"] or "booking.*" in endpoint["events"]
            if endpoint["tenant"] == tenant and endpoint["store"] in (None, step["store"]) and hears:
                yield Told(endpoint["path"], step["booking"], step["version"])
