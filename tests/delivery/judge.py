"""The judge: what was promised of deliveries, laid over the journal of a run.

| rule | broken when |
|---|---|
| missing | what is due was taken by nobody |
| undone | a message came later than a moment after the step that makes it no longer so, such as a reminder of a cancelled booking |
| early | a message came before its time |
| unasked | something came of which no step tells, or to somebody else |
| key | attempts at one message had several keys, or messages one; of one event, several bodies |
| again | what was taken, and was heard to be, came once more, and no worker had been killed, nor the machine stood still |
| form | the receiver could not check it: signature, time, address, access token |
| rate | a slow store told more in a minute than it allows |
| order | after the worker was away, a reminder came before others of its store that were due before, more of them than run at once |
| status | what the API says became of it is not what the receivers saw |
| left | something that is due still waits at the end, or has failed |

Where the journal leaves open what happened, the judge takes the side of the program.
"""

import bisect
import collections
import statistics

from expected import Model, Told, name_of, seconds
from findings import Finding

MOMENT = 3.0  # Seconds within which a message is on its way that was found to be due.
DYING = 15.0  # Seconds before a worker's end in which, on a busy machine, it may have heard of what it has not written down.
READ = 2.0  # Seconds after which a receiver, on a busy machine, has read what a worker sent before its end.
LEASE = 15.0  # Seconds that its jobs stay its own afterwards, at least.
RATE_WINDOW = 55.0  # Of a minute: what waits for its turn is then on its way for a moment.
REACHED_BY = {"line": "user", "email": "address"}
SLOW = 1000  # Messages a minute: a store that allows fewer is judged by its rate.


class Judge:
    def __init__(self, entries):
        self.model = Model(entries)
        self.findings = []
        self.counts = collections.Counter()
        self.taken = collections.defaultdict(list)  # By message or event at an endpoint.
        self.seen = collections.defaultdict(list)
        self.late = []  # How long before a worker's end it heard what it had not written down.
        for attempt in self.model.attempts:
            name = self._name(attempt)
            self.seen[name].append(attempt)
            if attempt["taken"] or attempt["known"]:
                self.taken[name].append(attempt)

    def find(self, rule, text, *lines):
        self.findings.append(Finding(rule, text, lines))

    def check(self):
        for name, attempts in self.seen.items():
            self._form(name, attempts)
            if isinstance(name, Told):
                self._told(name, attempts)
            else:
                self._message(name, attempts)
            self._again(name, attempts)
        self._keys()
        self._missing()
        self._rates()
        self._order()
        self._notifications()
        self._deliveries()
        return self

    def _name(self, attempt):
        if attempt["channel"] == "webhook":
            return Told(attempt["to"], attempt["booking"], attempt["version"])
        kind, number, start = attempt["text"].strip().split(" ", 2)
        return name_of(number, kind, start)

    # --- one message ---------------------------------------------------------------------------------

    def _form(self, name, attempts):
        for attempt in attempts:
            if attempt["fault"]:
                self.find("form", f"{name}: {attempt['fault']}", attempt["line"])

    def _message(self, name, attempts):
        message = self.model.messages.get(name)
        if message is None:
            return self.find("unasked", f"{name}", *(one["line"] for one in attempts))
        for attempt in attempts:
            if attempt["to"] != message.customer[REACHED_BY[attempt["channel"]]]:
                self.find("unasked", f"{name} came to {attempt['to']}", message.line, attempt["line"])
            if attempt["at"] < message.earliest:
                self.find("early", f"{name} by {message.earliest - attempt['at']:.2f} s", message.line, attempt["line"])
            if attempt["at"] > message.undone[1] + MOMENT:
                self.find("undone", f"{name} after {attempt['at'] - message.undone[1]:.2f} s", message.line, attempt["line"])

    def _told(self, told, attempts):
        if told not in self.model.events:
            self.find("unasked", f"{told}", *(one["line"] for one in attempts))

    def _again(self, name, attempts):
        """What came once more after it was taken, by whichever way."""
        for before, after in zip(attempts, attempts[1:], strict=False):
            if not (before["taken"] or before["known"]):
                continue
            if not before["heard"]:
                self.counts[f"{after['channel']}: again, the answer was lost"] += 1
            elif self.model.killed(before["at"] - READ, min(before["done"] + DYING, after["at"] - LEASE)):
                self.late.append(max(0.0, next(at for at in self.model.kills if at >= before["at"] - READ) - before["done"]))
                self.counts[f"{after['channel']}: again, a worker was killed"] += 1
                self.counts["again"] += 1
            elif self.model.stood_still(before["at"], after["at"]):
                self.counts[f"{after['channel']}: again, the machine stood still"] += 1
            else:
                self.find("again", f"{name}", before["line"], after["line"])

    # --- all of them -----------------------------------------------------------------------------------

    def _keys(self):
        names = collections.defaultdict(set)
        for name, attempts in self.seen.items():
            keys = {one["key"] for one in attempts}
            if len(keys) > 1:
                self.find("key", f"{name} had {len(keys)} keys", *(one["line"] for one in attempts))
            for key in keys:
                names[key].add(name)
        for key, several in names.items():
            if len(several) > 1:
                self.find("key", f"{key} was the key of {sorted(map(str, several))}")
        bodies = collections.defaultdict(set)
        for attempt in self.model.attempts:
            if attempt["channel"] == "webhook":
                bodies[attempt["event_id"]].add(attempt["bytes"])
        for event, several in bodies.items():
            if len(several) > 1:
                self.find("key", f"the event {event} had {len(several)} bodies")

    def _missing(self):
        for name, message in self.model.messages.items():
            self.counts["messages due"] += message.must
            if message.must and name not in self.taken:
                self.find("missing", f"{name}", message.line)
        for told, step in self.model.events.items():
            self.counts["events due"] += 1
            if told not in self.taken:
                self.find("missing", f"{told}", step["line"])

    def _rates(self):
        slow = {store for store, one in self.model.stores.items() if one["rate"] < SLOW}
        times = collections.defaultdict(list)
        for name, attempts in self.seen.items():
            message = None if isinstance(name, Told) else self.model.messages.get(name)
            if message and message.store["id"] in slow:
                times[message.store["id"]] += [one["at"] for one in attempts]
        for store, at in times.items():
            at.sort()
            for place, first in enumerate(at):
                within = bisect.bisect_right(at, first + RATE_WINDOW) - place
                if within > self.model.stores[store]["rate"]:
                    return self.find("rate", f"{within} messages of {store} in {RATE_WINDOW} s from {first}")

    def _order(self):
        """Each store's reminders that were due while the worker was away come in the order in which they were due."""
        for away in self.model.away:
            came = collections.defaultdict(list)
            for name, attempts in self.seen.items():
                message = None if isinstance(name, Told) else self.model.messages.get(name)
                if message and message.kind == "reminder" and message.since < away["end"]:
                    came[message.store["id"]].append((attempts[0]["at"], message))
            for store, some in came.items():
                some.sort(key=lambda one: one[0])
                due = sorted(message.since for _, message in some)
                for place, (_, message) in enumerate(some):
                    # Several are due in the same minute.
                    first, last = bisect.bisect_left(due, message.since), bisect.bisect_right(due, message.since)
                    if not first - away["at_once"] <= place < last + away["at_once"]:
                        self.find("order", f"{message.name} came as number {place}, and was due as number {first} of {store}", message.line)
                self.counts["reminders in order"] += len(some)

    # --- what the API says -----------------------------------------------------------------------------

    def _notifications(self):
        sent = collections.Counter()
        undone = {(name[0], message.kind) for name, message in self.model.messages.items() if not message.must}
        for row in self.model.notifications:
            steps = self.model.bookings[row["booking_id"]]
            number, kind, status = steps[0]["number"], row["notification_type"], row["status"]
            self.counts[f"notifications {status}"] += 1
            if status == "sent":
                name = self._name({"channel": row["channel"], "text": row["message_content"]})
                sent[name] += 1
                there = [one for one in self.taken[name] if one["channel"] == row["channel"] and one["to"] == row["recipient"]]
                if not there:
                    self.find("status", f"{name} is sent, and nobody has it", row["line"])
            elif status == "failed" or (status == "pending" and (kind != "reminder" or seconds(row["scheduled_at"]) <= self.model.horizon)):
                self.find("left", f"{number} {kind} is {status}: {row['error_message']}", row["line"])
            elif status == "cancelled" and (number, kind) not in undone:
                self.find("status", f"{number} {kind} is cancelled ({row['cancel_reason']}), and is so", row["line"])
        for name, attempts in self.taken.items():
            if isinstance(name, Told) or name not in self.model.messages:
                continue
            unsure = not any(one["heard"] and not self.model.killed(one["at"] - READ, one["done"] + DYING) for one in attempts)
            if sent[name] != 1 and not (unsure and not self.model.messages[name].must):
                self.find("status", f"{name} was taken, and {sent[name]} are sent", *(one["line"] for one in attempts))

    def _deliveries(self):
        paths = {endpoint["id"]: endpoint["path"] for endpoint in self.model.endpoints}
        taken = {one["key"] for name, attempts in self.taken.items() if isinstance(name, Told) for one in attempts}
        said = set()
        for row in self.model.deliveries:
            key = f"{paths[row['endpoint_id']]} {row['event_id']}"
            said.add(key)
            if row["status"] != "delivered":
                self.find("left", f"the delivery {key} is {row['status']}", row["line"])
            elif key not in taken:
                self.find("status", f"{key} is delivered, and nobody has it", row["line"])
        for key in taken - said:
            self.find("status", f"{key} was taken, and the API knows of no delivery")

    # --- the report --------------------------------------------------------------------------------------

    def report(self):
        model = self.model
        channels = collections.Counter(one["channel"] for one in model.attempts)
        due = self.counts["messages due"] + self.counts["events due"]
        lines = [
            f"{len(model.steps)} booking events, {len(model.bookings)} bookings, {len(model.kills)} kills",
            f"due: {self.counts['messages due']} messages, {self.counts['events due']} events at endpoints",
            f"attempts: {', '.join(f'{count} {name}' for name, count in sorted(channels.items()))}",
            f"rows: {', '.join(f'{n} {name}' for name, n in sorted(self.counts.items()) if name.startswith('notifications'))}",
        ]
        lines += [f"{name}: {count}" for name, count in sorted(self.counts.items()) if ": again" in name]
        lines.append(f"again as a worker was killed: {self.counts['again']} of {due} ({100 * self.counts['again'] / max(due, 1):.3f} %)")
        if self.late:
            lines.append(f"what was not written down was heard up to {max(self.late):.1f} s before, half of it {statistics.median(self.late):.2f} s")
        if self.counts["reminders in order"]:
            lines.append(f"{self.counts['reminders in order']} reminders were due while the worker was away")
        for title, waits in (("told after its step", self._waits(False)), ("reminded after its time", self._waits(True))):
            if waits:
                middle, late = statistics.median(waits), waits[len(waits) * 99 // 100]
                lines.append(f"{title}: p50 {1000 * middle:.0f} ms, p99 {late:.2f} s, longest {waits[-1]:.1f} s")
        return lines

    def _waits(self, reminders):
        """From when it was due to the first attempt that came, of ordinary stores."""
        waits = []
        for name, message in self.model.messages.items():
            if name in self.seen and (message.kind == "reminder") == reminders and message.store["rate"] >= SLOW:
                waits.append(self.seen[name][0]["at"] - message.since)
        return sorted(waits)


def judge(entries):
    """Judges the entries of a journal."""
    return Judge(entries).check()
