#!/usr/bin/env python3
"""The judge finds what it is there for: a short run is written down as it should have been, and then falsified in each way."""

import copy
import datetime
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "faults"), str(HERE.parent / "e2e")]

import expected  # noqa: E402
import judge  # noqa: E402

HOUR = 3600.0
# 1 December 2026, 9:00 in Tokyo.
BEGIN = 1_796_083_200.0
HORIZON = BEGIN + 120


def instant(at):
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()


class Run:
    """The journal of a run in which everything went well, with one of each thing that can happen."""

    def __init__(self):
        self.entries = []
        self.add("run", seed=1)
        self.add("store", id="ordinary", tenant="t", zone="Asia/Tokyo", rate=60_000, hours=1)
        self.add("store", id="slow", tenant="t", zone="Asia/Tokyo", rate=3, hours=1)
        for number, (user, address) in enumerate((("U1", None), (None, "c2@mail.test"), ("Ublocked3", "c3@mail.test"))):
            self.add("customer", id=f"c{number + 1}", store="ordinary", user=user, address=address)
        self.add("endpoint", id="e", tenant="t", store=None, events=["booking.*"], path="/hooks/1")

    def add(self, kind, **fields):
        self.entries.append({"kind": kind, "line": len(self.entries) + 1} | fields)
        return self.entries[-1]

    def step(self, does, number, at, status, start, version, customer="c1", store="ordinary"):
        """A step, and its event at the endpoint, delivered."""
        told = {"booking": f"id-{number}", "version": version}
        step = {"does": does, "number": number, "store": store, "customer": customer, "begin": at, "end": at + 0.01}
        self.add("step", **step, **told, status=status, start=instant(start))
        event = f"event-{number}-{version}"
        self.attempt("webhook", "/hooks/1", at + 0.05, f"/hooks/1 {event}", event_id=event, **told)
        self.add("delivery", endpoint_id="e", event_id=event, status="delivered")

    def attempt(self, channel, to, at, key, act="takes", **more):
        answered = act in ("takes", "refuses", "delays")
        what = {"taken": act in ("takes", "drops", "swallows"), "known": False, "heard": answered, "fault": None}
        return self.add("attempt", channel=channel, to=to, at=at, done=at + 0.01, key=key, act=act, bytes="b", **(what | more))

    def told(self, kind, number, start, at, to="U1", channel="line", status="sent", key=None, **more):
        """A message that came, and its row."""
        text = f"{kind} {number} {expected.shown(start, 'Asia/Tokyo')}"
        self.attempt(channel, to, at, key or f"key-{kind}-{number}-{start}", text=text, **more)
        self.row(kind, number, at, status, channel=channel, recipient=to, message_content=text)

    def row(self, kind, number, scheduled_at, status, **more):
        row = {"booking_id": f"id-{number}", "notification_type": kind, "status": status, "scheduled_at": instant(scheduled_at)}
        row |= {"message_content": None, "channel": "line", "recipient": "U1", "cancel_reason": None, "error_message": None}
        self.add("notification", **(row | more))


def good():
    run = Run()
    soon, later = BEGIN + HOUR + 60, BEGIN + 48 * HOUR
    # Agreed at once, and reminded of.
    run.step("book", "A", BEGIN, "confirmed", soon, 1)
    run.told("booking_confirmed", "A", soon, BEGIN + 0.1)
    run.told("reminder", "A", soon, soon - HOUR + 0.1)
    # Received, confirmed, moved and called off, all by mail; the reminder was called off.
    run.step("book", "B", BEGIN, "pending", soon, 1, "c2")
    run.told("booking_received", "B", soon, BEGIN + 0.1, "c2@mail.test", "email")
    run.step("confirm", "B", BEGIN + 1, "confirmed", soon, 2, "c2")
    run.told("booking_confirmed", "B", soon, BEGIN + 1.1, "c2@mail.test", "email")
    run.step("reschedule", "B", BEGIN + 2, "confirmed", later, 3, "c2")
    run.told("change_request", "B", later, BEGIN + 2.1, "c2@mail.test", "email")
    run.row("reminder", "B", soon - HOUR, "cancelled")
    run.step("cancel", "B", BEGIN + 3, "cancelled", later, 4, "c2")
    run.told("booking_cancelled", "B", later, BEGIN + 3.1, "c2@mail.test", "email")
    run.row("reminder", "B", later - HOUR, "cancelled")
    # Who has blocked the store at LINE gets it by mail, with the same key; the reminder is for later.
    run.step("book", "C", BEGIN, "confirmed", later, 1, "c3")
    text = f"booking_confirmed C {expected.shown(later, 'Asia/Tokyo')}"
    run.attempt("line", "Ublocked3", BEGIN + 0.1, "key-C", text=text, taken=False)
    run.told("booking_confirmed", "C", later, BEGIN + 0.2, "c3@mail.test", "email", key="key-C")
    run.row("reminder", "C", later - HOUR, "pending")
    # An answer was lost: LINE knows it again, the endpoint takes it again.
    run.step("book", "D", BEGIN, "confirmed", later, 1)
    text = f"booking_confirmed D {expected.shown(later, 'Asia/Tokyo')}"
    run.attempt("line", "U1", BEGIN + 0.1, "key-D", "drops", text=text)
    run.told("booking_confirmed", "D", later, BEGIN + 15, key="key-D", taken=False, known=True)
    run.row("reminder", "D", later - HOUR, "pending")
    # A worker died before it wrote down that a mail was taken.
    run.step("book", "E", BEGIN, "confirmed", later, 1, "c2")
    text = f"booking_confirmed E {expected.shown(later, 'Asia/Tokyo')}"
    run.attempt("email", "c2@mail.test", BEGIN + 40, "key-E", text=text)
    run.add("kill", at=BEGIN + 40.5)
    run.told("booking_confirmed", "E", later, BEGIN + 70, "c2@mail.test", "email", key="key-E")
    run.row("reminder", "E", later - HOUR, "pending")
    # The slow store, three a minute.
    for place in range(4):
        run.step("book", f"S{place}", BEGIN, "confirmed", later, 1, store="slow")
        run.told("booking_confirmed", f"S{place}", later, BEGIN + 0.1 + 24 * place)
        run.row("reminder", f"S{place}", later - HOUR, "pending")
    run.add("end", horizon=HORIZON)
    return run.entries


class Falsified(unittest.TestCase):
    def setUp(self):
        self.entries = copy.deepcopy(good())

    def found(self, *rules):
        """The falsified run is found to break these rules, and no others."""
        findings = judge.judge(self.entries).findings
        self.assertEqual(sorted({finding.rule for finding in findings}), sorted(rules), [str(finding) for finding in findings])

    def attempts(self, kind=None, number=None, channel=None):
        """Attempts at messages, or at events of the kind `webhook`."""
        for entry in self.entries:
            if entry["kind"] == "attempt" and channel in (None, entry["channel"]):
                said = entry.get("text", "").split(" ")[:2] if "text" in entry else ["webhook", entry["booking"].removeprefix("id-")]
                if kind in (None, said[0]) and number in (None, said[1]):
                    yield entry

    def attempt(self, *which, **more):
        return next(self.attempts(*which, **more))

    def row(self, kind, number):
        rows = (entry for entry in self.entries if entry["kind"] == "notification")
        return next(row for row in rows if (row["notification_type"], row["booking_id"]) == (kind, f"id-{number}"))

    def drop(self, *gone):
        for entry in gone:
            self.entries.remove(entry)

    def again(self, entry, **changed):
        self.entries.append(entry | changed | {"line": len(self.entries) + 1})

    def test_a_good_run_keeps_every_promise(self):
        verdict = judge.judge(self.entries)
        self.assertEqual([str(finding) for finding in verdict.findings], [])
        self.assertEqual((verdict.counts["again"], verdict.counts["line: again, the answer was lost"]), (1, 1))
        self.assertIn("again as a worker was killed: 1 of", "\n".join(verdict.report()))

    def test_a_message_is_missing(self):
        self.drop(self.attempt("booking_confirmed", "A"), self.row("booking_confirmed", "A"))
        self.found("missing")

    def test_a_reminder_is_missing(self):
        self.drop(self.attempt("reminder", "A"), self.row("reminder", "A"))
        self.found("missing")

    def test_a_message_that_was_never_taken_is_missing(self):
        self.attempt("booking_cancelled", "B")["taken"] = False
        self.found("missing", "status")

    def test_an_event_is_missing_at_an_endpoint(self):
        gone = self.attempt("webhook", "A")
        self.drop(gone, next(row for row in self.entries if row.get("event_id") == gone["event_id"] and row["kind"] == "delivery"))
        self.found("missing")

    def test_a_reminder_of_a_cancelled_booking(self):
        later = BEGIN + 48 * HOUR
        text = f"reminder B {expected.shown(later, 'Asia/Tokyo')}"
        self.again(self.attempt("booking_cancelled", "B"), text=text, at=later - HOUR, key="r")
        self.row("reminder", "B")["status"] = "cancelled"
        self.found("undone", "status")

    def test_a_change_that_was_overtaken(self):
        moved = self.attempt("change_request", "B")
        moved["at"] = moved["done"] = BEGIN + 10
        self.found("undone")

    def test_a_message_that_was_on_its_way_is_no_fault(self):
        self.attempt("change_request", "B")["at"] = BEGIN + 4
        self.found()

    def test_a_reminder_before_its_time(self):
        self.attempt("reminder", "A")["at"] -= 1
        self.found("early")

    def test_a_message_that_nobody_asked_for(self):
        self.again(self.attempt("booking_confirmed", "A"), text="booking_cancelled A 2026年12月1日(火) 10:01", key="new")
        self.found("unasked")

    def test_a_message_to_somebody_else(self):
        self.attempt("booking_confirmed", "A")["to"] = "U9"
        self.found("unasked", "status")

    def test_an_event_that_did_not_happen(self):
        self.again(self.attempt("webhook", "A"), version=9, key="/hooks/1 other", event_id="other")
        self.found("unasked", "status")

    def test_another_retry_key_at_the_second_attempt(self):
        next(entry for entry in self.attempts("booking_confirmed", "D") if entry["known"])["key"] = "other"
        self.found("key")

    def test_another_retry_key_by_mail_than_at_line(self):
        self.attempt("booking_confirmed", "C", "email")["key"] = "other"
        self.found("key")

    def test_one_retry_key_for_two_messages(self):
        self.attempt("booking_confirmed", "A")["key"] = self.attempt("reminder", "A")["key"]
        self.found("key")

    def test_another_body_at_the_second_attempt(self):
        first = self.attempt("webhook", "A")
        first["heard"] = False
        self.again(first, at=first["at"] + 5, bytes="other", heard=True)
        self.found("key")

    def test_a_message_twice_without_a_reason(self):
        first = self.attempt("booking_confirmed", "B")
        self.again(first, at=first["at"] + 1)
        self.found("again")

    def test_a_message_twice_by_two_ways(self):
        first = self.attempt("booking_confirmed", "A")
        self.again(first, at=first["at"] + 1, channel="email", to="a@mail.test")
        self.found("again", "unasked")

    def test_a_message_twice_long_before_a_kill(self):
        next(entry for entry in self.entries if entry["kind"] == "kill")["at"] = BEGIN + 58
        self.found("again")

    def test_a_message_twice_after_the_machine_stood_still(self):
        next(entry for entry in self.entries if entry["kind"] == "kill").update(kind="standstill", begin=BEGIN + 41, end=BEGIN + 69)
        self.found()

    def test_a_message_twice_sooner_than_a_lease_ends(self):
        last = [entry for entry in self.attempts("booking_confirmed", "E")][-1]
        last["at"] = last["done"] = BEGIN + 45
        self.found("again")

    def test_a_wrong_signature(self):
        self.attempt("webhook", "A")["fault"] = "signature"
        self.found("form")

    def test_more_than_the_rate(self):
        for entry in self.attempts("booking_confirmed", channel="line"):
            if " S" in entry["text"]:
                entry["at"] = entry["done"] = BEGIN + 1
        self.found("rate")

    def test_a_message_is_sent_that_nobody_has(self):
        self.attempt("reminder", "A")["taken"] = False
        self.found("missing", "status")

    def test_a_message_that_was_taken_is_called_off(self):
        self.row("booking_confirmed", "A").update(status="cancelled", message_content=None)
        self.found("status")

    def test_a_message_still_waits(self):
        self.row("booking_confirmed", "A").update(status="pending", message_content=None)
        self.found("left", "status")

    def test_a_message_has_failed(self):
        self.row("booking_confirmed", "B").update(status="failed", message_content=None)
        self.found("left", "status")

    def test_a_delivery_still_waits(self):
        next(entry for entry in self.entries if entry["kind"] == "delivery")["status"] = "pending"
        self.found("left")

    def test_a_delivery_of_which_the_api_knows_nothing(self):
        self.drop(next(entry for entry in self.entries if entry["kind"] == "delivery"))
        self.found("status")


class Away(unittest.TestCase):
    """Four reminders were due while the worker was away; as many as one run at once."""

    def found(self, *order):
        run = Run()
        for place, number in enumerate("PQRS"):
            start = BEGIN + 24 * HOUR + 600 * place
            run.step("book", number, BEGIN - 100 * HOUR, "confirmed", start, 1)
            run.told("booking_confirmed", number, start, BEGIN - 100 * HOUR + 1)
            run.told("reminder", number, start, BEGIN + 24 * HOUR + order.index(number))
        run.add("away", end=BEGIN + 24 * HOUR, at_once=1)
        run.add("end", horizon=BEGIN + 25 * HOUR)
        return {finding.rule for finding in judge.judge(run.entries).findings}

    def test_reminders_come_in_order(self):
        self.assertEqual(self.found("P", "Q", "R", "S"), set())
        self.assertEqual(self.found("Q", "P", "R", "S"), set())

    def test_a_reminder_has_lost_its_place(self):
        self.assertEqual(self.found("P", "R", "S", "Q"), {"order"})


if __name__ == "__main__":
    unittest.main()
