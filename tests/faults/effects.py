"""What was acknowledged is there, once, as acknowledged; nothing is there that nobody asked for."""

import collections
import hashlib

import hours
from findings import Finding
from history import OCCUPYING

KINDS = {"create": "book", "update": "reschedule", "cancel": "cancel", "confirm": "confirm", "complete": "complete", "no_show": "no-show"}
LEADS_TO = {
    "create": {None: ("pending", "confirmed")},
    "confirm": {"pending": ("confirmed",)},
    "update": {"pending": ("pending",), "confirmed": ("confirmed",)},
    "cancel": {"pending": ("cancelled",), "confirmed": ("cancelled",)},
    "complete": {"confirmed": ("completed",)},
    "no_show": {"confirmed": ("no_show",)},
}
SHOWN = ("id", "booking_number", "customer_id", "menu_id", "menu_name", "status", "business_date", "party_size", "total_price", "source", "version")


def check(history):
    found = collections.defaultdict(list)
    for booking, changes in history.changes.items():
        for change in changes:
            operation = history.operation_of(change)
            found[operation.name if operation else None].append(change)
    yield from _nobody_asked(history, found)
    for operation in history.journal.operations.values():
        yield from _effect_of(history, operation, found[operation.name])
        yield from _repeats_of(operation)
    for booking, versions in history.versions.items():
        yield from _life_of(history, booking, versions)
    yield from _taken(history)
    yield from _tokens(history, found)
    yield from _holds(history)


def _nobody_asked(history, found):
    for change in found.pop(None, []):
        yield Finding("effects.unasked", f"nobody asked for {change['change_type']} of booking {change['booking_id']}")


def _effect_of(history, operation, changes):
    """One operation and the entries of the change history that bear its name."""
    if operation.does not in KINDS.values():
        return
    lines = tuple(operation.lines)
    if len(changes) > 1:
        yield Finding("effects.doubled", f"{operation} was done {len(changes)} times", lines)
    if changes and not operation.may_have_happened:
        yield Finding("effects.refused_yet_done", f"{operation} was refused, yet it is in the database", lines)
    if operation.successes and not changes:
        yield Finding("effects.lost", f"{operation} was acknowledged and is not in the database", lines)
    for change in changes:
        if KINDS.get(change["change_type"]) != operation.does:
            yield Finding("effects.other", f"{operation} became {change['change_type']}", lines)
        if operation.booking and change["booking_id"] != operation.booking:
            yield Finding("effects.other", f"{operation} changed booking {change['booking_id']}", lines)
        if operation.result and (wrong := differences(operation.result, change["after_data"])):
            yield Finding("effects.other", f"{operation} was answered otherwise than it was done: {wrong}", lines)


def differences(answer, record):
    """In what an answer differs from the record of a booking."""
    # Answers to customers show less.
    wrong = [name for name in SHOWN if name in answer and answer[name] != record[name]]
    wrong += [name for name in ("start", "end") if hours.minute(answer[name]) != hours.minute(record[name])]
    if _seats(answer) != _seats(record):
        wrong.append("resources")
    return ", ".join(wrong)


def _seats(terms):
    return {held["id"]: held["seats"] for held in terms["resources"]}


def _repeats_of(operation):
    """All acknowledgements of one operation are the same answer, and one of them at most is the first."""
    answers = operation.successes
    if any(call["answer"] != answers[0]["answer"] for call in answers) and operation.does not in ("read", "slots"):
        yield Finding("idempotency.answers", f"{operation} was answered in several ways", tuple(call["line"] for call in answers))
    first = [call for call in answers if call["key"] and "Idempotent-Replayed" not in call["headers"]]
    if len(first) > 1:
        yield Finding("idempotency.effects", f"{operation} was done anew for a repeat", tuple(call["line"] for call in first))
    for call in operation.calls:
        refused = call["outcome"] == "answer" and 400 <= call["status"] < 500 and call["status"] != 429
        if call["key"] and refused and call["begin"] > operation.ack:
            yield Finding("idempotency.refused", f"{operation} was acknowledged, and a repeat refused", (call["line"],))


def _life_of(history, booking, versions):
    row = history.rows[booking]
    steps = [(version.number, version.kind, version.status) for version in versions]
    told = f"booking {booking} ({', '.join(f'{number} {kind}' for number, kind, _ in steps)})"
    if [number for number, _, _ in steps] != list(range(1, row["version"] + 1)):
        yield Finding("history.complete", f"{told} is at version {row['version']}")
    before = None
    for version in versions:
        if version.status not in LEADS_TO.get(version.kind, {}).get(before, ()):
            yield Finding("history.steps", f"{told}: {version.kind} from {before} to {version.status}")
        before = version.status
    if not versions:
        return
    wrong = _against_row(history, row, versions[-1])
    if wrong:
        yield Finding("effects.state", f"{told} does not stand as its last step left it: {wrong}")


def _against_row(history, row, version):
    """In what the row of a booking differs from its last version, and from the window that its menu means."""
    record, shop = version.record, history.shops[row["store_id"]]
    occupied = history.occupied(shop, record)
    meant = {
        "status": record["status"],
        "booking_date": record["business_date"],
        "menu_id": record["menu_id"],
        "customer_id": record["customer_id"],
        "booking_number": record["booking_number"],
        "party_size": record["party_size"],
        "total_price": record["total_price"],
        "starts_at": hours.minute(record["start"]) * 60_000_000,
        "ends_at": hours.minute(record["end"]) * 60_000_000,
        "occupied_from": occupied[0] * 60_000_000,
        "occupied_to": occupied[1] * 60_000_000,
    }
    wrong = [name for name, value in meant.items() if row[name] != value]
    if history.seats_of_row(row["id"]) != _seats(record):
        wrong.append("booking_resources")
    return ", ".join(wrong)


def _taken(history):
    """What is written down as taken, which the program decides by, is what the bookings' own rows say."""
    meant = collections.Counter()
    for id, row in history.rows.items():
        if row["status"] in OCCUPYING:
            window = (row["store_id"], row["booking_date"], row["occupied_from"], row["occupied_to"])
            for resource, seats in history.seats_of_row(id).items() or [(None, 0)]:
                meant[id, *window, resource, seats] += 1
    columns = ("booking_id", "store_id", "booking_date", "occupied_from", "occupied_to", "resource_id", "seats")
    written = collections.Counter(tuple(row[name] for name in columns) for row in history.database["occupancy"])
    for one in (written - meant).keys() | (meant - written).keys():
        yield Finding("effects.occupancy", f"booking {one[0]} is written down as taking {written[one]} times, and takes {meant[one]} times, {one[1:]}")


def _tokens(history, found):
    """A hold becomes one booking at most, and on its own terms."""
    for token, users in history.users.items():
        made = [(user, change) for user in users for change in found[user.name] if change["change_type"] == "create"]
        lines = tuple(line for user in users for line in user.lines)
        if len(made) > 1:
            yield Finding("holds.used_twice", f"one hold became {len(made)} bookings", lines)
        hold = history.holds.get(token)
        for user, change in made:
            terms, record = hold.result, change["after_data"]
            kept = {name: terms[name] for name in ("start", "end", "business_date", "party_size")}
            if any(record[name] != value for name, value in kept.items()) or _seats(terms) != _seats(record):
                yield Finding("holds.terms", f"{user} booked something else than was held", lines)


def _holds(history):
    """What nobody has used or given back, and has not ended, is still kept; what is kept, somebody asked for."""
    kept = {row["token_hash"] for row in history.database["holds"]}
    known = set()
    read_at = history.database["read_at"] - history.journal.epoch
    for token, hold in history.holds.items():
        digest = hashlib.sha256(token.encode()).hexdigest()
        known.add(digest)
        used = any(user.may_have_happened for user in history.users[token])
        ended = history.expiry(hold)[0] <= read_at
        if digest not in kept and not used and not ended:
            yield Finding("holds.lost", f"{hold} was acknowledged and is not kept", tuple(hold.lines))
        if digest in kept and any(user.successes for user in history.users[token]):
            yield Finding("holds.kept", f"{hold} was used or given back and is still kept", tuple(hold.lines))
    unknown = sum(op.does == "hold" and op.unknown for op in history.journal.operations.values())
    if len(kept - known) > unknown:
        yield Finding("holds.unasked", f"{len(kept - known)} holds are kept that nobody knows of, and {unknown} may have been made")
