"""How soon the service is back after a fault, and how long a call can take: read from the journal of a run.

A fault lasts from the note that it begins to the next one; from then on every node must give good answers within
BACK_SECONDS. No call may take longer than the nodes' own limit for a request, whatever happens.
"""

from findings import Finding

BACK_SECONDS = 15.0  # Generous: a recovering database on a busy machine.
REQUEST_SECONDS = 30.0  # `--request-seconds`, as the nodes are started.
MARGIN_SECONDS = 5.0


class Recovery:
    """`longest_outage` and `longest_call` in seconds, and the findings."""

    def __init__(self, entries):
        self.findings = []
        calls = sorted((entry for entry in entries if entry["kind"] == "call"), key=lambda call: call["end"])
        self.longest_call = max((call["end"] - call["begin"] for call in calls), default=0.0)
        for call in calls:
            if call["end"] - call["begin"] > REQUEST_SECONDS + MARGIN_SECONDS:
                self.findings.append(Finding("hang", f"took {call['end'] - call['begin']:.1f} s", (call["line"],)))
        ends = list(_ends(entries))
        self.longest_outage = 0.0
        good = [call for call in calls if call["outcome"] == "answer" and call["status"] < 500 and call["status"] != 429]
        for end, following, line in ends:
            for node in {call["node"] for call in calls}:
                first = next((call["end"] for call in good if call["node"] == node and call["begin"] >= end), None)
                if first is None or first > following:
                    # The next fault came before anybody had called; that is no outage of so long.
                    first = max((call["end"] for call in calls if call["node"] == node and end <= call["begin"] < following), default=end)
                outage = first - end
                self.longest_outage = max(self.longest_outage, outage)
                if outage > BACK_SECONDS:
                    self.findings.append(Finding("outage", f"node {node} gave no good answer for {outage:.1f} s after the fault", (line,)))

    def __str__(self):
        return f"longest outage after a fault {self.longest_outage:.1f} s, longest call {self.longest_call:.1f} s"


def _ends(entries):
    """When each fault was over, when the next one began, and the line that tells of it."""
    notes = [entry for entry in entries if entry["kind"] == "note"]
    begins = [note["at"] for note in notes if "step" in note]
    for note in notes:
        if note.get("fault") and "step" not in note:
            yield note["at"], min((begin for begin in begins if begin > note["at"]), default=float("inf")), note["line"]
