"""The stores of a run, set up over HTTP: their wordings name what is told, so that a receiver can say which message it has got."""

import itertools

import musubi
import shop

import receivers

KINDS = ("booking_received", "booking_confirmed", "booking_cancelled", "change_request", "reminder")
# {kind} {booking's number} {date} {time}: what tells a message from all others.
WORDING = "%s {{ booking_number }} {{ date }} {{ time }}"
WHOLE_DAY = {day: [{"open": "00:00", "close": "30:00"}] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
RATE = 60_000
PERMISSIONS = [*shop.PERMISSIONS, "webhook.manage"]
CUSTOMERS = 40
# Of so many customers: on LINE alone, by mail alone, by both, and by mail as they have blocked the store at LINE.
WAYS = ("line", "line", "email", "email", "both", "blocked")

_numbers = itertools.count(1)


class Store:
    """A store with its two services (one asks for approval) and its customers."""

    def __init__(self, client, tenant, journal, zone, rate, hours):
        number = next(_numbers)
        details = {
            "name": f"Store {number}",
            "slug": f"delivery-{number}",
            "industry_type": "beauty",
            "time_zone": zone,
            "business_hours": WHOLE_DAY,
            "time_slot_interval": 15,
            "booking_limit_per_day": 100_000,
            "holiday_region": None,
            "advance_booking_days": 60,
            "line_integration_active": True,
            "line_access_token": f"line-{number}",
            "line_channel_secret": f"secret-{number}",
        }
        self.tenant, self.rate, self.zone, self.hours = tenant, rate, zone, hours
        self.id = shop.made(client.post("/v1/stores", details))["id"]
        self.path = f"/v1/stores/{self.id}"
        self._settle(client, rate)
        menus = (("plain", False), ("approval", True))
        self.menus = [self._menu(client, name, approval) for name, approval in menus]
        self.customers = [self._customer(client, number, place) for place in range(CUSTOMERS)]
        journal.add("store", id=self.id, tenant=tenant, zone=zone, rate=rate, hours=hours)
        for customer in self.customers:
            journal.add("customer", **customer)

    def _settle(self, client, rate):
        told = {"quiet_hours": False, "rate_per_minute": rate}
        settings = {"send_booking_notifications": True, "send_reminder_notifications": True}
        settings |= {"reminder_hours_before": self.hours, "notification_settings": told}
        status, _, body = client.put(self.path + "/notification-settings", settings)
        assert status == 200, body
        for kind in KINDS:
            for channel in ("line", "email"):
                wording = {"name": kind, "template_type": kind, "channel": channel, "language": "ja", "content": WORDING % kind}
                wording |= {"subject": kind if channel == "email" else None, "is_active": True, "is_default": True}
                shop.made(client.post(self.path + "/notification-templates", wording))

    def _menu(self, client, name, approval):
        details = {"name": name, "base_duration": 30, "base_price": 5000, "advance_booking_hours": 0, "require_approval": approval}
        return shop.made(client.post(self.path + "/menus", details))["id"]

    def _customer(self, client, number, place):
        way = WAYS[place % len(WAYS)]
        line = {"line": "U", "both": "U", "blocked": receivers.BLOCKED}.get(way)
        line = line and f"{line}{number}x{place}"
        address = f"c{number}x{place}@mail.test" if way != "line" else None
        details = {"name": f"客 {place}", "line_user_id": line, "email": address}
        made = shop.made(client.post(self.path + "/customers", {name: value for name, value in details.items() if value}))
        return {"id": made["id"], "store": self.id, "user": line, "address": address}


class Street:
    """Two tenants with two stores each, of which the last is slow; endpoints that hear of everything, and of one store.

    Reminders come `hours` before the start; `rates` are how many messages a minute the stores allow.
    """

    def __init__(self, api, journal, around, hours, rates):
        self.stores = []
        self.endpoints = []
        self.keys = {}
        with musubi.Client(api, musubi.OPERATOR_KEY) as operator:
            tenants = (("Sakura", ("Asia/Tokyo", "America/New_York"), rates[:2]), ("Ume", ("Asia/Tokyo", "Asia/Tokyo"), rates[2:]))
            for name, zones, some in tenants:
                tenant = shop.made(operator.post("/v1/tenants", {"name": name}))["id"]
                key = {"name": "all", "tenant_id": tenant, "permissions": PERMISSIONS}
                self.keys[tenant] = shop.made(operator.post("/v1/api-keys", key))["secret"]
                with musubi.Client(api, self.keys[tenant]) as client:
                    here = [Store(client, tenant, journal, zone, rate, hours) for zone, rate in zip(zones, some, strict=True)]
                    self.stores += here
                    self._endpoint(client, tenant, None, ["booking.*"], journal, around)
                    if name == "Sakura":
                        self._endpoint(client, tenant, here[0].id, ["booking.created", "booking.cancelled"], journal, around)

    def _endpoint(self, client, tenant, store, events, journal, around):
        path = f"/hooks/{len(self.endpoints) + 1}"
        details = {"url": f"http://127.0.0.1:{around.ports['webhook']}{path}", "events": events} | ({"store_id": store} if store else {})
        made = shop.made(client.post(f"/v1/tenants/{tenant}/webhook-endpoints", details))
        around.learn(path, made["secret"])
        made = made["endpoint"]
        self.endpoints.append((tenant, made["id"], path))
        journal.add("endpoint", id=made["id"], tenant=tenant, store=store, events=events, path=path)
