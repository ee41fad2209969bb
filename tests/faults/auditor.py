"""The auditor: an independent model of what was promised, laid over the journal and the final database of a run.

It knows docs/booking-rules.md and the HTTP contract, and nothing of the program's code.
"""

import collections
import itertools
import json

import answers
import capacity
import effects
import journal
import ledgers
from history import History
from operations import Journal
from recovery import Recovery


def longest_silence(calls):
    """The longest time, in seconds, in which nobody at all got a good answer."""
    good = sorted(call["end"] for call in calls if call["outcome"] == "answer" and call["status"] < 500)
    return max((after - before for before, after in itertools.pairwise(good)), default=0.0)


class Verdict:
    def __init__(self, findings, history):
        self.findings = findings
        self.recovery = None
        self.counts = collections.Counter(
            {
                "calls": len(history.journal.calls),
                "operations": len(history.journal.operations),
                "bookings": len(history.rows),
                "changes": len(history.database["booking_changes"]),
                "holds": len(history.holds),
                "faults": sum(bool(note.get("fault") and "step" in note) for note in history.journal.notes),
            }
        )

        self.silence = longest_silence(history.journal.calls)

    def __str__(self):
        judged = ", ".join(f"{count} {name}" for name, count in self.counts.items())
        judged += f"; longest time without an answer {self.silence:.1f} s"
        if self.recovery:
            judged += f"; {self.recovery}"
        if not self.findings:
            return f"judged {judged}: every promise was kept"
        rules = collections.Counter(finding.rule for finding in self.findings)
        return f"judged {judged}: {len(self.findings)} findings ({', '.join(f'{n} {rule}' for rule, n in rules.most_common())})"


def audit(entries, database):
    """Judges a journal's entries and the rows of the final database."""
    history = History(Journal(entries), database)
    checks = (capacity.check(history), effects.check(history), ledgers.check(history), answers.Judge(history).check())
    return Verdict([finding for check in checks for finding in check], history)


def audit_folder(folder):
    """Judges what a run left in its folder."""
    entries = journal.read(folder / "journal.jsonl")
    verdict = audit(entries, json.loads((folder / "database.json").read_text(encoding="utf-8")))
    verdict.recovery = Recovery(entries)
    verdict.findings += verdict.recovery.findings
    return verdict
