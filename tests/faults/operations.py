"""What the actors did: the calls of a journal, gathered into operations.

An operation is one intention: all calls with its name are repeats of one request. Its effect, if it had one, took place
between the beginning of its first call (`begin`) and the first answer that acknowledged it (`ack`; infinite when none did).
"""

import collections
import functools
import math

LEFT_ALONE = 40  # Seconds; the server promises an end after 30.


class Operation:
    def __init__(self, calls):
        first = calls[0]
        self.calls = calls
        self.name = first["op"]
        self.does = first["does"]
        self.shop = first["shop"]
        self.body = first["body"]
        self.booking = first.get("booking")
        self.begin = min(call["begin"] for call in calls)
        self.end = max(call["end"] for call in calls)
        self.successes = [call for call in calls if call["outcome"] == "answer" and call["status"] < 300]
        self.ack = min((call["end"] for call in self.successes), default=math.inf)
        self.result = min(self.successes, key=lambda call: call["end"])["answer"] if self.successes else None

    @property
    def unknown(self):
        """Whether no answer says if it had its effect."""
        return not self.successes and any(uncertain(call) for call in self.calls)

    @property
    def may_have_happened(self):
        return bool(self.successes) or self.unknown

    @property
    def lines(self):
        return [call["line"] for call in self.calls]

    def __str__(self):
        return f"{self.does} {self.name} (lines {', '.join(map(str, self.lines))})"


def uncertain(call):
    """Whether a call may have had an effect that its outcome does not tell of."""
    return call["outcome"] == "lost" or (call["outcome"] == "answer" and call["status"] >= 500)


class Journal:
    """A whole journal, read."""

    def __init__(self, entries):
        self.run = next(entry for entry in entries if entry["kind"] == "run")
        self.shops = [entry for entry in entries if entry["kind"] == "shop"]
        self.calls = [entry for entry in entries if entry["kind"] == "call"]
        self.notes = [entry for entry in entries if entry["kind"] == "note"]
        by_name = collections.defaultdict(list)
        for call in self.calls:
            by_name[call["op"]].append(call)
        self.operations = {name: Operation(calls) for name, calls in by_name.items()}

    @functools.cached_property
    def clock_offsets(self):
        """The least and the most seconds by which the nodes' clocks were ahead of this machine's."""
        offsets = [0.0] + [note["clock_offset"] for note in self.notes if "clock_offset" in note]
        return min(offsets), max(offsets)

    @functools.cached_property
    def faults(self):
        """From when to when calls may fail; None: never."""
        on = [note["at"] for note in self.notes if note.get("fault")]
        return (on[0], self.faults_over) if on else None

    @functools.cached_property
    def faults_over(self):
        return max((note["at"] for note in self.notes), default=-math.inf)

    def now(self, call):
        """The least and the latest that a node's clock may have shown during a call."""
        return call["wall_begin"] + self.clock_offsets[0] - CLOCK, call["wall_end"] + self.clock_offsets[1] + CLOCK

    @functools.cached_property
    def epoch(self):
        """What the wall clock shows at the monotonic clock's zero."""
        return self.calls[0]["wall_begin"] - self.calls[0]["begin"]


CLOCK = 0.5  # Seconds by which readings of one machine's clocks may differ.
