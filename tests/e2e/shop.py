"""A shop as the tests want it, set up over HTTP like any other, and what is common in booking there."""

import datetime
import itertools
import zoneinfo

import musubi

TOKYO = zoneinfo.ZoneInfo("Asia/Tokyo")
PERMISSIONS = [
    "tenant.read",
    "tenant.write",
    "catalog.read",
    "catalog.write",
    "customer.read",
    "customer.contact",
    "customer.write",
    "booking.read",
    "booking.write",
    "key.manage",
]
DAILY = {day: [{"open": "09:00", "close": "21:00"}] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

_slugs = itertools.count(1)


def made(answer):
    """The body of an answer that must be 201."""
    status, _, body = answer
    assert status == 201, (status, body)
    return body


def at(date, clock):
    """The instant of a wall time in Tokyo, as the API writes it."""
    hour, minute = map(int, clock.split(":"))
    local = datetime.datetime.combine(date, datetime.time(hour, minute), TOKYO)
    return local.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Shop:
    """A store open daily from 9 to 21, with a grid of 15 minutes, and nothing in it yet.

    `client` calls with a key that may do everything in the shop's tenant; `store_client` with one of the store alone.
    """

    def __init__(self, api, **details):
        number = next(_slugs)
        with musubi.Client(api, musubi.OPERATOR_KEY) as operator:
            self.tenant = made(operator.post("/v1/tenants", {"name": f"Tenant {number}"}))["id"]
            key = {"name": "all", "tenant_id": self.tenant, "permissions": PERMISSIONS}
            self.key = made(operator.post("/v1/api-keys", key))["secret"]
            self.client = musubi.Client(api, self.key)
            store = {
                "name": f"店 {number}",
                "slug": f"shop-{number}",
                "industry_type": "beauty",
                "business_hours": DAILY,
                "time_slot_interval": 15,
                "booking_limit_per_day": 1000,
            }
            self.store = made(self.client.post("/v1/stores", store | details))["id"]
            key = {"name": "till", "tenant_id": self.tenant, "store_id": self.store, "permissions": ["booking.read", "booking.write"]}
            self.store_client = musubi.Client(api, made(operator.post("/v1/api-keys", key))["secret"])
        self.date = datetime.datetime.now(TOKYO).date() + datetime.timedelta(days=5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        self.store_client.close()

    def path(self, rest):
        return f"/v1/stores/{self.store}{rest}"

    def resource(self, name, kind="staff", **details):
        return made(self.client.post(self.path("/resources"), {"name": name, "type": kind} | details))["id"]

    def menu(self, name, minutes=60, **details):
        return made(self.client.post(self.path("/menus"), {"name": name, "base_duration": minutes, "base_price": 5500} | details))["id"]

    def customer(self, name):
        return made(self.client.post(self.path("/customers"), {"name": name}))["id"]

    def wish(self, menu, clock, **more):
        """The body of a hold, or of a booking without its customer."""
        return {"menu_id": menu, "start": at(self.date, clock), "source": "web"} | more

    def everything(self, path):
        """The ids of a whole list, page by page."""
        ids, cursor = [], None
        while True:
            status, _, page = self.client.get(self.path(path), params={"limit": 200} | ({"cursor": cursor} if cursor else {}))
            assert status == 200, page
            ids += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                return ids

    def book(self, menu, clock, name="田中", client=None, **more):
        return (client or self.client).post(self.path("/bookings"), self.wish(menu, clock, customer={"name": name}) | more)


def assert_consistent(test, engine, live):
    """The database agrees with itself: `live` bookings occupy, and history, events and audit tell of each one once."""
    total = musubi.number(engine, "SELECT COUNT(*) FROM bookings")
    test.assertEqual(musubi.number(engine, "SELECT COUNT(*) FROM bookings WHERE status <> 'cancelled'"), live)
    for change, event in (("create", "booking.created"), ("cancel", "booking.cancelled")):
        of = {
            "history": f"SELECT booking_id AS id FROM booking_changes WHERE change_type = '{change}'",
            "events": f"SELECT subject_id AS id FROM outbox WHERE kind = '{event}'",
            "audit": f"SELECT subject_id AS id FROM audit_log WHERE action = '{event}'",
        }
        meant = total if change == "create" else total - live
        for name, found in of.items():
            test.assertEqual(musubi.number(engine, f"SELECT COUNT(*) FROM ({found}) f"), meant, f"{engine}: {name} of {event}")
            joined = f"SELECT COUNT(DISTINCT b.id) FROM bookings b JOIN ({found}) f ON f.id = b.id"
            test.assertEqual(musubi.number(engine, joined), meant, f"{engine}: bookings in {name} of {event}")
    verified = musubi.tool(engine, "verify", "audit")
    test.assertEqual(verified["entries"], musubi.number(engine, "SELECT COUNT(*) FROM audit_log"))


def assert_never_too_full(test, engine):
    """At no moment do bookings hold more of a resource than there is, whoever counted before."""
    # A sum of seats can only be largest at the beginning of one of the windows.
    held = "SELECT r.resource_id AS rid, r.seats AS seats, b.occupied_from AS f, b.occupied_to AS t FROM booking_resources r"
    held += " JOIN bookings b ON b.id = r.booking_id WHERE b.status <> 'cancelled'"
    full = f"SELECT COUNT(*) FROM (SELECT a.rid FROM (SELECT DISTINCT rid, f FROM ({held}) x) a JOIN ({held}) b"
    full += " ON b.rid = a.rid AND b.f <= a.f AND b.t > a.f JOIN resources c ON c.id = a.rid"
    full += " GROUP BY a.rid, a.f, c.capacity HAVING SUM(b.seats) > c.capacity) overbooked"
    test.assertEqual(musubi.number(engine, full), 0, f"{engine}: overbooked moments")
