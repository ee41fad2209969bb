"""What the program itself says became of everything: over HTTP, and for the wait at the end past it, from the database."""

import datetime
import time

import musubi

PROGRESS_SECONDS = 5.0
STANDSTILL = 10.0  # Seconds in which this process got no turn.
PATIENCE = 900  # Seconds for what is left at the end.


def write(api, stage, journal):
    """Every notification and every delivery, as the API tells of them, into the journal."""
    for store in stage.stores:
        with musubi.Client(api, stage.keys[store.tenant]) as client:
            for row in everything(client, f"{store.path}/notifications"):
                journal.add("notification", **row)
    for tenant, endpoint, _ in stage.endpoints:
        with musubi.Client(api, stage.keys[tenant]) as client:
            for row in everything(client, f"/v1/tenants/{tenant}/webhook-endpoints/{endpoint}/deliveries"):
                journal.add("delivery", **row)


def everything(client, path):
    """A whole list, page by page."""
    cursor = None
    while True:
        status, _, page = client.get(path, params={"limit": 200} | ({"cursor": cursor} if cursor else {}))
        assert status == 200, page
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def left(engine, horizon):
    """How much is not done yet, of what is due until then."""
    until = datetime.datetime.fromtimestamp(horizon, datetime.UTC)
    moment = f"{until:%Y-%m-%dT%H:%M:%S.%fZ}" if engine.name == "sqlite" else f"{until:%Y-%m-%d %H:%M:%S}"
    moment += "+00" if engine.name == "postgres" else ""
    counts = {
        "events": "SELECT COUNT(*) FROM outbox WHERE status <> 'delivered'",
        "plans": "SELECT COUNT(*) FROM jobs WHERE kind LIKE 'event.%'",
        "messages": f"SELECT COUNT(*) FROM notifications WHERE status = 'pending' AND scheduled_at <= '{moment}'",
        "deliveries": "SELECT COUNT(*) FROM webhook_deliveries WHERE status = 'pending'",
    }
    sql = "SELECT " + ", ".join(f"({count})" for count in counts.values())
    return dict(zip(counts, map(int, musubi.query(engine, sql)[0]), strict=True))


class Watch:
    """Notices when the machine has stood still for so long that leases may have ended meanwhile."""

    def __init__(self, journal):
        self.journal = journal
        self.last = time.time()

    def look(self):
        now = time.time()
        if now - self.last > STANDSTILL:
            self.journal.add("standstill", begin=self.last, end=now)
        self.last = now


def drained(engine, around, journal, horizon, say):
    """Waits until nothing is left that is due until the horizon, by the clock of the programs; gives up after a while."""
    begin, next_line, watch = time.time(), time.time() + PROGRESS_SECONDS, Watch(journal)
    while time.time() < begin + PATIENCE:
        around.check()
        watch.look()
        counts = left(engine, horizon)
        ahead = horizon - around.now()
        if ahead < 0 and not any(counts.values()):
            return
        if time.time() >= next_line:
            waits = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
            say(f"  left: {waits}" + (f"; reminders are due for {ahead:.0f} s more" if ahead > 0 else ""))
            next_line += PROGRESS_SECONDS
        time.sleep(0.5)
