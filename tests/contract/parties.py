"""Who calls, and what of the server's is theirs."""

import dataclasses

import musubi
import person as persons
import shop as shops

# Ids that are asked for in the query too.
QUERY = {"menu_id"}
# What would end the party's own credentials, so that the rest of the run would be answered 401 alone.
ENDING = {"sign_out", "delete_me"}


@dataclasses.dataclass
class Party:
    """Somebody who calls operations with real ids in their paths."""

    name: str
    token: str | None
    operations: list[str]
    parameters: dict[str, str]


def operations(document):
    """Each operation of the document: its id, path, tag, and whether it takes no credentials."""
    for path, methods in document["paths"].items():
        for details in methods.values():
            public = {} in details.get("security", [])
            yield details["operationId"], path, details["tags"][0], public


def all_of(api, document):
    """The operator with a shop, and people with sign-ins of their own."""
    shop = shops.Shop(api)
    resource, menu = shop.resource("花子"), shop.menu("カット")
    customer = shops.made(shop.client.post(shop.path("/customers"), {"name": "山田 花子", "phone": "090-1234-5678"}))
    start = shops.at(shop.date, "10:00")
    booking = shops.made(shop.client.post(shop.path("/bookings"), {"menu_id": menu, "start": start, "customer_id": customer["id"]}))
    ids = {
        "tenant_id": shop.tenant,
        "store_id": shop.store,
        "resource_id": resource,
        "menu_id": menu,
        "customer_id": customer["id"],
        "booking_id": booking["id"],
        "manage_token": booking["manage_token"],
        "date": shop.date.isoformat(),
    }
    known = list(operations(document))
    of_people = [id for id, _, tag, _ in known if tag in ("sign-in", "me")]
    of_the_house = [id for id, *_ in known if id not in of_people]
    hanako, taro = persons.Person(api), persons.Person(api)
    wish = {"menu_id": menu, "start": shops.at(shop.date, "14:00")}
    own = shops.made(hanako.client.post(shop.path("/bookings"), wish))
    theirs = {"booking_id": own["id"], "store_id": shop.store, "issuer": "line"}
    return [
        Party("operator", musubi.OPERATOR_KEY, of_the_house, ids | {"user_id": hanako.id}),
        Party("person", hanako.access, [id for id in of_people if id not in ENDING], theirs),
        Party("customer", hanako.access, [id for id, _, tag, _ in known if tag in ("bookings", "slots")], theirs | {"menu_id": menu}),
        Party("leaving", taro.access, sorted(ENDING), {}),
    ]
