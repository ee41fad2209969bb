"""Change history, audit log, outbox, day counters and customers' counts agree with the bookings, entry by entry."""

import collections
import json

from findings import Finding

EVENTS = {
    "create": "booking.created",
    "update": "booking.updated",
    "cancel": "booking.cancelled",
    "confirm": "booking.confirmed",
    "complete": "booking.completed",
    "no_show": "booking.no_show",
}


def check(history):
    yield from _change_history(history)
    yield from _outbox(history)
    yield from _audit_entries(history)
    yield from _audit_chains(history)
    yield from _days(history)
    yield from _customers(history)


def _change_history(history):
    """Before and after of a booking's changes chain up."""
    for booking, changes in history.changes.items():
        before = None
        for change in changes:
            if change["before_data"] != before:
                yield Finding("history.chain", f"booking {booking}: change {change['version']} does not begin where the one before ended")
            if change["after_data"]["version"] != change["version"]:
                yield Finding("history.version", f"booking {booking}: change {change['version']} shows version {change['after_data']['version']}")
            before = change["after_data"]


def _told(history):
    """What each change must have been told as: (booking, event, version), with the change."""
    for booking, changes in history.changes.items():
        for change in changes:
            yield (booking, EVENTS[change["change_type"]], change["version"]), change


def _compared(rule, what, told, found):
    """One of `found` for each of `told`, no more and no less."""
    for key in told.keys() | found.keys():
        if told[key] != found[key]:
            booking, event, version = key
            yield Finding(rule, f"{what} of {event} of booking {booking}, version {version}: {found[key]}, not {told[key]}")


def _outbox(history):
    found = collections.Counter()
    payloads = {}
    for event in history.database["outbox"]:
        if event["kind"].startswith("booking."):
            key = (event["subject_id"], event["kind"], event["payload"].get("version"))
            found[key] += 1
            payloads[key] = event["payload"]
    changes = dict(_told(history))
    yield from _compared("outbox.exact", "events", collections.Counter(list(changes)), found)
    for key in payloads.keys() & changes.keys():
        if payloads[key] != changes[key]["after_data"]:
            yield Finding("outbox.payload", f"the event {key[1]} of booking {key[0]}, version {key[2]}, tells something else")


def _audit_entries(history):
    found = collections.Counter()
    entries = {}
    for entry in history.database["audit_log"]:
        if entry["action"].startswith("booking."):
            after = json.loads(entry["after_data"])
            key = (entry["subject_id"], entry["action"], after["version"])
            found[key] += 1
            entries[key] = (entry, after)
    changes = dict(_told(history))
    yield from _compared("audit.exact", "entries", collections.Counter(list(changes)), found)
    for key in entries.keys() & changes.keys():
        (entry, after), change = entries[key], changes[key]
        before = json.loads(entry["before_data"]) if entry["before_data"] else None
        if (before, after) != (change["before_data"], change["after_data"]):
            yield Finding("audit.content", f"the audit entry {key[1]} of booking {key[0]}, version {key[2]}, tells something else")
        if entry["chain"] != f"day:{change['store_id']}:{after['business_date']}":
            yield Finding("audit.chain", f"the audit entry {key[1]} of booking {key[0]} stands in chain {entry['chain']}")


def _audit_chains(history):
    """Each chain counts 1, 2, 3, … and ends where it is known to end; each entry names the hash of the one before."""
    ends = {chain["chain"]: chain for chain in history.database["audit_chains"]}
    chains = collections.defaultdict(list)
    for entry in history.database["audit_log"]:
        chains[entry["chain"]].append(entry)
    for name in ends.keys() | chains.keys():
        entries = sorted(chains[name], key=lambda entry: entry["seq"])
        if [entry["seq"] for entry in entries] != list(range(1, len(entries) + 1)):
            yield Finding("audit.sequence", f"chain {name} has gaps or repeats among its {len(entries)} entries")
        for before, after in zip(entries, entries[1:]):
            if after["prev_hash"] != before["hash"]:
                yield Finding("audit.linked", f"chain {name}: entry {after['seq']} does not continue entry {before['seq']}")
        end = ends.get(name)
        last = (entries[-1]["seq"], entries[-1]["hash"]) if entries else (0, None)
        if end is None or end["seq"] != last[0] or (entries and end["hash"] != last[1]):
            yield Finding("audit.end", f"chain {name} does not end where it is known to end")
    verified = history.database["verified"]
    if not verified["sound"] or verified["entries"] != len(history.database["audit_log"]):
        yield Finding("audit.verify", f"musubi verify audit says {verified}")


def _days(history):
    """The version of a store's day counts its writers: it is no less than what was written on it."""
    versions = {(day["store_id"], day["date"]): day["version"] for day in history.database["store_days"]}
    written = collections.Counter()
    for changes in history.changes.values():
        for change in changes:
            written[change["store_id"], change["after_data"]["business_date"]] += 1
    for hold in history.holds.values():
        written[hold.shop, hold.result["business_date"]] += 1
    for day, writes in written.items():
        if versions.get(day, 0) < writes:
            yield Finding("days.version", f"{day[1]} of shop {day[0]} is at version {versions.get(day, 0)} after {writes} writes")


def _customers(history):
    """Visits, spending and no-shows are those of the bookings; at the threshold the customer is restricted."""
    visits, spent, missed = collections.Counter(), collections.Counter(), collections.Counter()
    for row in history.database["bookings"]:
        if row["status"] == "completed":
            visits[row["customer_id"]] += 1
            spent[row["customer_id"]] += row["total_price"]
        missed[row["customer_id"]] += row["status"] == "no_show"
    for customer in history.database["customers"]:
        one = customer["id"]
        counted = (customer["total_bookings"], customer["total_spent"], customer["no_show_count"], bool(customer["is_restricted"]))
        meant = (visits[one], spent[one], missed[one], missed[one] >= history.shops[customer["store_id"]].threshold)
        if counted != meant:
            yield Finding("customers.counts", f"customer {one} has (visits, spent, no-shows, restricted) {counted}, not {meant}")
    people = collections.defaultdict(set)
    for booking, versions in history.versions.items():
        if versions and versions[0].operation:
            people[history.person(versions[0].operation)].add(history.rows[booking]["customer_id"])
    for person, records in people.items():
        if len(records) > 1:
            yield Finding("customers.one", f"{person} is {len(records)} customers: {', '.join(sorted(records))}")
