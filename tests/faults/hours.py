"""Opening hours and business dates, as docs/booking-rules.md says. Instants are whole minutes since the epoch."""

import datetime
import functools
import zoneinfo

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = datetime.timedelta(days=1)


def seconds(text):
    """An instant as the API writes it, in seconds since the epoch."""
    return datetime.datetime.fromisoformat(text).timestamp()


def minute(text):
    return round(seconds(text)) // 60


class Hours:
    """The hours of one shop. `weekly` of a resource counts within the dates on which the shop is open."""

    def __init__(self, store):
        self.zone = zoneinfo.ZoneInfo(store["time_zone"])
        self.store_week = store["business_hours"]
        self.step = store["time_slot_interval"]

    def local_date(self, at_seconds):
        return datetime.datetime.fromtimestamp(at_seconds, self.zone).date()

    def _instant(self, date, clock):
        hour, rest = int(clock[:2]), int(clock[3:])
        local = datetime.datetime.combine(date + DAY * (hour // 24), datetime.time(hour % 24, rest), self.zone)
        # In a gap Python takes the offset from before it, which moves the time forward; of two it takes the earlier.
        return round((local.astimezone(datetime.UTC) - EPOCH).total_seconds()) // 60

    def _spans(self, week, date):
        spans = ((self._instant(date, span["open"]), self._instant(date, span["close"])) for span in week[WEEK[date.weekday()]])
        return [(opens, closes) for opens, closes in spans if opens < closes]

    @functools.cache
    def open(self, date):
        return self._spans(self.store_week, date)

    def working(self, weekly, date):
        if weekly is None or not self.open(date):
            return self.open(date)
        return self._spans(weekly, date)

    def span_of(self, service):
        """The latest business date whose hours hold this service window, with the opening interval; None: there is none."""
        local = self.local_date(service[0] * 60)
        for days in (1, 0, -1, -2):
            date = local + DAY * days
            for span in self.open(date):
                if span[0] <= service[0] and service[1] <= span[1]:
                    return date, span
        return None
