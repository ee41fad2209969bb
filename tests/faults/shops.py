"""The shops of a run. They are few and small, so that everybody wants the same things.

Between them: staff, a room that is needed beside, one that a party has alone, classes with seats, mixed lengths with
preparation, cleaning and buffer, a worker who is faster than the others and one with hours of their own, approval,
a small limit per day, no resource at all, hours past midnight, hours without an end, two time zones.
"""

import uuid

import musubi
import shop as e2e

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
THRESHOLD = 3


def daily(*spans):
    return {day: [{"open": opens, "close": closes} for opens, closes in spans] for day in WEEK}


SHOPS = [
    {
        "name": "salon",
        "store": {
            "industry_type": "beauty",
            "time_zone": "Asia/Tokyo",
            "business_hours": daily(("10:00", "26:00")),
            "time_slot_interval": 15,
            "booking_limit_per_day": 500,
            "hold_minutes": 1,
        },
        "resources": {
            "aki": {"type": "staff", "sort_order": 1},
            "ben": {"type": "staff", "sort_order": 2, "efficiency_rate": 1.25},
            "chie": {"type": "staff", "sort_order": 3, "working_hours": daily(("12:00", "18:00"), ("18:30", "25:00"))},
            "rose": {"type": "room", "capacity": 4},
        },
        "menus": {
            "trim": {"base_duration": 30, "cleanup_duration": 5, "allowed_resource_types": ["staff"], "advance_booking_hours": 0},
            "perm": {
                "base_duration": 105,
                "prep_duration": 10,
                "cleanup_duration": 10,
                "buffer_duration": 5,
                "resources": ["aki", "ben"],
                "advance_booking_hours": 2,
            },
            "spa": {
                "base_duration": 60,
                "cleanup_duration": 10,
                "allowed_resource_types": ["staff"],
                "required_resources": [{"type": "room", "quantity": 1}],
            },
            "colour": {"base_duration": 45, "allowed_resource_types": ["staff"], "requires_resource": True, "require_approval": True},
        },
    },
    {
        "name": "school",
        "store": {
            "industry_type": "school",
            "time_zone": "America/New_York",
            "business_hours": daily(("06:00", "30:00")),
            "time_slot_interval": 30,
            "booking_limit_per_day": 500,
            "hold_minutes": 2,
        },
        "resources": {
            "dana": {"type": "staff", "capacity": 8, "sort_order": 1},
            "eli": {"type": "staff", "capacity": 5, "sort_order": 2},
            "studio": {"type": "room", "capacity": 10, "sort_order": 1},
            "cabin": {"type": "room", "capacity": 3, "sort_order": 2},
        },
        "menus": {
            "yoga": {
                "base_duration": 60,
                "buffer_duration": 15,
                "service_type": "group",
                "allowed_resource_types": ["staff"],
                "required_resources": [{"type": "room", "quantity": 1}],
                "max_participants": 4,
            },
            "night": {"base_duration": 120, "service_type": "course", "resources": ["dana"], "max_participants": 6},
            "rent": {
                "base_duration": 90,
                "buffer_duration": 30,
                "allowed_resource_types": ["room"],
                "max_participants": 6,
                "require_approval": True,
            },
        },
    },
    {
        "name": "clinic",
        "store": {
            "industry_type": "clinic",
            "time_zone": "Asia/Tokyo",
            "business_hours": daily(("09:00", "12:00"), ("13:00", "19:00")),
            "time_slot_interval": 20,
            "booking_limit_per_day": 6,
            "hold_minutes": 1,
        },
        "resources": {"doctor": {"type": "staff"}},
        "menus": {
            "visit": {"base_duration": 20, "cleanup_duration": 10, "allowed_resource_types": ["staff"]},
            "advice": {"base_duration": 30, "max_participants": 3, "advance_booking_hours": 0, "cancellation_hours": 48},
        },
    },
]
KNOWN_CUSTOMERS = 8


def set_up(api, journal):
    """Makes a tenant with the shops over HTTP and writes them into the journal; the tenant's key and the shops."""
    with musubi.Client(api, musubi.OPERATOR_KEY) as operator:
        tenant = e2e.made(operator.post("/v1/tenants", {"name": "faults"}))["id"]
        key = e2e.made(operator.post("/v1/api-keys", {"name": "all", "tenant_id": tenant, "permissions": e2e.PERMISSIONS}))["secret"]
    with musubi.Client(api, key) as client:
        shops = [_open(client, plan) for plan in SHOPS]
    for made in shops:
        journal.add("shop", **made)
    return key, shops


def _open(client, plan):
    store = {
        "name": plan["name"],
        "slug": f"{plan['name']}-{uuid.uuid4().hex[:8]}",
        "advance_booking_days": 20,
        "holiday_region": None,
        "no_show_policy": {"threshold": THRESHOLD, "restrict_days": 90},
    } | plan["store"]
    store_id = e2e.made(client.post("/v1/stores", store))["id"]
    path = f"/v1/stores/{store_id}"
    resources, menus = [], []
    for name, details in plan["resources"].items():
        details = {"name": name, "capacity": 1, "sort_order": 0, "efficiency_rate": 1, "working_hours": None} | details
        resources.append(details | {"id": e2e.made(client.post(path + "/resources", details))["id"]})
    ids = {resource["name"]: resource["id"] for resource in resources}
    for name, details in plan["menus"].items():
        details = {"name": name, "base_price": 1000 + 10 * details["base_duration"]} | details
        if "resources" in details:
            details["resource_ids"] = [ids[resource] for resource in details.pop("resources")]
        menus.append(MENU_DEFAULTS | details | {"id": e2e.made(client.post(path + "/menus", details))["id"]})
    customers = [e2e.made(client.post(path + "/customers", {"name": f"客 {n}"}))["id"] for n in range(KNOWN_CUSTOMERS)]
    return {"id": store_id, "name": plan["name"], "store": store, "resources": resources, "menus": menus, "customers": customers}


# What a menu means that does not say: as the API documents it.
MENU_DEFAULTS = {
    "service_type": "individual",
    "prep_duration": 0,
    "cleanup_duration": 0,
    "buffer_duration": 0,
    "requires_resource": False,
    "allowed_resource_types": None,
    "resource_ids": None,
    "required_resources": [],
    "min_participants": 1,
    "max_participants": 1,
    "advance_booking_hours": 1,
    "cancellation_hours": 24,
    "require_approval": False,
}
