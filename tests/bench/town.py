"""The shops that are measured: set up over HTTP, as an operator would."""

import datetime

import shop

STAFF = 5
MENU_MINUTES = 30
# Starts every 30 minutes from 9 to 21.
CLOCKS = [f"{9 + half // 2:02}:{half % 2 * 30:02}" for half in range(24)]


class Store:
    """A store by its ids: `path` is where bookings are made."""

    def __init__(self, id, menu, customers):
        self.id, self.menu, self.customers = id, menu, customers
        self.path = f"/v1/stores/{id}/bookings"

    def slots(self, first, days=7):
        """The path of a search over some days."""
        last = first + datetime.timedelta(days=days - 1)
        return f"/v1/stores/{self.id}/slots?menu_id={self.menu}&from={first}&to={last}"


def furnished(place, staff=STAFF, customers=20, **details):
    """A shop with staff, a menu of half an hour that needs one of them, and customers; as shop and store."""
    made = shop.Shop(place, time_slot_interval=30, advance_booking_days=365, booking_limit_per_day=100_000, **details)
    for number in range(staff):
        made.resource(f"Staff {number + 1}")
    menu = made.menu("Cut", MENU_MINUTES, allowed_resource_types=["staff"])
    people = [made.customer(f"Customer {number + 1}") for number in range(customers)]
    return made, Store(made.store, menu, people)


def streets(api, stores, **details):
    """So many furnished stores under one tenant; the first one's shop, whose key is good for all, and the stores."""
    first, store = furnished(api, **details)
    found = [store]
    while len(found) < stores:
        found.append(sister(first, f"{first.store[-6:]}-{len(found)}", **details))
    return first, found


def sister(first, slug, staff=STAFF, customers=20):
    """Another store of the shop's tenant, furnished the same."""
    store = {"name": slug, "slug": slug, "industry_type": "beauty", "business_hours": shop.DAILY, "time_slot_interval": 30}
    store |= {"advance_booking_days": 365, "booking_limit_per_day": 100_000}
    id = shop.made(first.client.post("/v1/stores", store))["id"]

    def made(kind, body):
        return shop.made(first.client.post(f"/v1/stores/{id}/{kind}", body))["id"]

    for number in range(staff):
        made("resources", {"name": f"Staff {number + 1}", "type": "staff"})
    menu = {"name": "Cut", "base_duration": MENU_MINUTES, "base_price": 5500, "allowed_resource_types": ["staff"]}
    menu = made("menus", menu)
    return Store(id, menu, [made("customers", {"name": f"Customer {number + 1}"}) for number in range(customers)])


def tomorrow():
    """The first day that is wholly bookable in the stores' zone."""
    return datetime.datetime.now(shop.TOKYO).date() + datetime.timedelta(days=1)


def day(offset):
    """A day from tomorrow on."""
    return tomorrow() + datetime.timedelta(days=offset)


def starts(first, days):
    """The instants of every start on some days from tomorrow on, a list for each day."""
    return [[shop.at(day(first + number), clock) for clock in CLOCKS] for number in range(days)]


def fill(first, store, bookings=200, days=7):
    """Makes bookings over some days from tomorrow on, evenly spread over days and hours."""
    for number in range(bookings):
        on, place = number % days, number // days
        wish = {"menu_id": store.menu, "start": shop.at(day(on), CLOCKS[place * 5 % len(CLOCKS)]), "source": "web"}
        shop.made(first.client.post(store.path, wish | {"customer_id": store.customers[number % len(store.customers)]}))
