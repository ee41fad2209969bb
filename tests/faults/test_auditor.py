#!/usr/bin/env python3
"""The auditor finds what it is there for: one short real run is judged, and then its journal or its database is falsified."""

import argparse
import copy
import json
import pathlib
import pickle
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import auditor  # noqa: E402
import ground  # noqa: E402
import injectors  # noqa: E402
import journal  # noqa: E402
import runner  # noqa: E402

SECONDS = 4
CALLS = 1500
SEARCHES = 25
RUNS = 3


def run(given, faults):
    """A real run; its journal and its database."""
    with tempfile.TemporaryDirectory(prefix="musubi-faults-") as folder, ground.of("sqlite", 1, faults, given.seed) as solid:
        folder = pathlib.Path(folder)
        runner.perform(given, folder, solid, faults)
        database = json.loads((folder / "database.json").read_text(encoding="utf-8"))
        return journal.read(folder / "journal.jsonl"), database


class Falsified(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kill = injectors.every()["kill-api"]
        given = argparse.Namespace(engine="sqlite", seconds=SECONDS, calls=CALLS, seed=7, actors=8, nodes=1, fault="kill-api", faults=[kill])
        # On a busy machine all holds of a run may be over at its end: then there is nothing to be falsified.
        for _ in range(RUNS):
            entries, database = run(given, [kill()])
            if database["holds"]:
                break
        # Searches change nothing and take longest to judge: a few of them will do.
        searches = [entry for entry in entries if entry.get("does") == "slots"]
        left_out = {entry["line"] for entry in searches[SEARCHES:]}
        # Unpickling is the quickest way to a copy that may be falsified.
        cls.true_run = pickle.dumps(([entry for entry in entries if entry["line"] not in left_out], database))

    def setUp(self):
        self.entries, self.database = pickle.loads(self.true_run)

    # --- help ------------------------------------------------------------------------------------

    def verdict(self):
        return auditor.audit(self.entries, self.database)

    def found(self, *rules):
        """The falsified run is found to break these rules, and no others."""
        verdict = self.verdict()
        self.assertEqual(sorted({finding.rule for finding in verdict.findings}), sorted(rules), [str(f) for f in verdict.findings[:5]])
        return verdict.findings

    def includes(self, rule):
        self.assertIn(rule, {finding.rule for finding in self.verdict().findings})

    def calls(self, does, status):
        """The first answers of this kind to operations of a single call."""
        asked = {}
        for entry in self.entries:
            if entry["kind"] == "call":
                asked.setdefault(entry["op"], []).append(entry)
        single = (calls[0] for calls in asked.values() if len(calls) == 1)
        return [call for call in single if call["does"] == does and call.get("status") == status]

    def certain(self, call):
        """Whether every call about its booking was answered, so that it is known how that stood."""
        about = [entry for entry in self.entries if entry["kind"] == "call" and entry.get("booking") == call["booking"]]
        return all(entry.get("status") for entry in about)

    def booking(self, status, version=None):
        rows = self.database["bookings"]
        return next(row for row in rows if row["status"] == status and version in (None, row["version"]))

    def changes(self, booking):
        return [change for change in self.database["booking_changes"] if change["booking_id"] == booking]

    def drop(self, table, gone):
        before = len(self.database[table])
        self.database[table] = [row for row in self.database[table] if not gone(row)]
        self.assertEqual(len(self.database[table]), before - 1)

    # --- the true run ------------------------------------------------------------------------------

    def test_the_true_run_keeps_every_promise_and_has_seen_everything(self):
        verdict = self.verdict()
        self.assertEqual([str(finding) for finding in verdict.findings], [])
        self.assertGreater(verdict.counts["faults"], 0)
        told = {(call["does"], call.get("status")) for call in self.entries if call["kind"] == "call"}
        wanted = {("book", 201), ("book", 409), ("book", 422), ("book", None), ("hold", 201), ("hold", 409), ("cancel", 200)}
        wanted |= {("cancel", 409), ("reschedule", 200), ("reschedule", 409), ("confirm", 200), ("complete", 200), ("slots", 200)}
        self.assertLessEqual(wanted, told)

    # --- capacity ------------------------------------------------------------------------------------

    def test_a_cancelled_booking_that_stands_again(self):
        """Wherever another took its place, the resource is overbooked at the end."""
        for row in self.database["bookings"]:
            row["status"] = "confirmed" if row["status"] == "cancelled" else row["status"]
        self.includes("capacity.final")
        self.includes("effects.state")

    def test_a_resource_that_was_smaller_than_the_program_thought(self):
        """History and final state are judged by the shops as they were set up."""
        for shop in self.entries:
            if shop["kind"] == "shop":
                for resource in shop["resources"]:
                    resource["capacity"] = 1 if resource["name"] == "dana" else resource["capacity"]
        self.includes("capacity.history")

    def test_an_acknowledged_booking_moved_onto_another(self):
        """Two acknowledged answers name one resource at one time."""
        one, other = (call for call in self._confirmed_trims()[:2])
        change = self.changes(other["answer"]["id"])[0]
        for record in (other["answer"], change["after_data"]):
            record |= {name: one["answer"][name] for name in ("start", "end", "business_date", "resources")}
        self.includes("capacity.history")

    def _confirmed_trims(self):
        trim = next(menu["id"] for shop in self.entries if shop["kind"] == "shop" for menu in shop["menus"] if menu["name"] == "trim")
        still = {row["id"] for row in self.database["bookings"] if row["version"] == 1}
        return [call for call in self.calls("book", 201) if call["answer"]["menu_id"] == trim and call["answer"]["id"] in still]

    # --- effects -------------------------------------------------------------------------------------

    def test_a_lost_booking(self):
        """An acknowledged booking that is in no table at all."""
        gone = self.calls("book", 201)[0]["answer"]["id"]
        for table, column in (("bookings", "id"), ("booking_resources", "booking_id"), ("booking_changes", "booking_id")):
            self.database[table] = [row for row in self.database[table] if row[column] != gone]
        self.includes("effects.lost")

    def test_a_booking_that_was_made_twice(self):
        row = self.booking("confirmed", 1)
        double = "01a1fb00-0000-7000-8000-000000000000"
        for table, column in (("bookings", "id"), ("booking_resources", "booking_id"), ("booking_changes", "booking_id")):
            self.database[table] += [one | {column: double} for one in self.database[table] if one[column] == row["id"]]
        self.includes("effects.doubled")

    def test_what_is_taken_without_being_written_down(self):
        self.database["occupancy"].pop()
        self.found("effects.occupancy")

    def test_what_is_written_down_as_taken_later_than_it_is(self):
        self.database["occupancy"][0]["occupied_from"] += 60_000_000
        self.found("effects.occupancy")

    def test_what_a_cancelled_booking_still_takes(self):
        row = self.booking("cancelled")
        double = self.database["occupancy"][0] | {"booking_id": row["id"]}
        self.database["occupancy"].append(double)
        self.found("effects.occupancy")

    def test_a_booking_that_nobody_asked_for(self):
        row = self.booking("confirmed", 1)
        row["customer_notes"] = "a stranger"
        self.includes("effects.unasked")

    def test_a_refused_booking_that_is_there(self):
        call = next(call for call in self.calls("book", 201) if call["key"])
        call |= {"status": 409, "answer": {"code": "slot_taken"}}
        self.includes("effects.refused_yet_done")

    def test_a_cancellation_that_was_forgotten(self):
        row = self.booking("cancelled")
        row["status"] = "confirmed"
        self.includes("effects.state")

    def test_a_window_that_is_shorter_than_the_menu_means(self):
        row = next(row for row in self.database["bookings"] if row["occupied_to"] > row["ends_at"] and row["status"] != "cancelled")
        row["occupied_to"] = row["ends_at"]
        self.found("effects.state", "effects.occupancy")

    def test_an_answer_that_tells_another_price(self):
        self.calls("book", 201)[0]["answer"]["total_price"] += 1
        self.includes("effects.other")

    def test_a_hold_that_became_two_bookings(self):
        held = [call for call in self.calls("book", 201) if "hold_token" in call["body"]]
        held[0]["body"]["hold_token"] = held[1]["body"]["hold_token"]
        self.includes("holds.used_twice")

    def test_a_hold_that_was_not_kept(self):
        kept = {row["token_hash"] for row in self.database["holds"]}
        self.assertTrue(kept)
        self.database["holds"] = []
        self.found("holds.lost")

    # --- repeats -------------------------------------------------------------------------------------

    def repeated(self):
        """An operation with a repeat that was answered like the first time."""
        for call in self.entries:
            if call["kind"] == "call" and call["does"] == "book" and "Idempotent-Replayed" in call.get("headers", {}):
                return call
        self.fail("nothing was repeated")

    def test_a_repeat_with_another_answer(self):
        repeat = self.repeated()
        first = [c for c in self.entries if c.get("op") == repeat["op"] and c.get("status") == 201 and c is not repeat]
        if not first:
            self.entries.append(copy.deepcopy(repeat) | {"line": 0})
        repeat["answer"]["version"] += 1
        self.includes("idempotency.answers")

    def test_a_repeat_that_was_done_anew(self):
        first = next(call for call in self.calls("book", 201) if call["key"])
        self.entries.append(copy.deepcopy(first) | {"line": 0})
        self.found("idempotency.effects")

    def test_a_repeat_that_was_refused(self):
        first = next(call for call in self.calls("cancel", 200) if call["key"])
        # A version that is stale by then would be refused for that, whatever the repeat.
        first["body"].pop("version", None)
        later = {"begin": first["end"] + 1, "end": first["end"] + 1.1, "line": 0, "status": 409}
        self.entries.append(first | later | {"answer": {"code": "invalid_transition"}})
        self.found("idempotency.refused")

    # --- answers -------------------------------------------------------------------------------------

    def test_a_slot_that_was_free_and_called_taken(self):
        """The first hold or booking of a run finds everything free."""
        first = min(self.calls("hold", 201) + self.calls("book", 201), key=lambda call: call["begin"])
        self.assertNotIn("hold_token", first["body"])
        self.entries.append(copy.deepcopy(first) | {"op": "x", "key": None, "line": 0, "status": 409, "answer": {"code": "slot_taken"}})
        self.entries[-1]["begin"] = self.entries[-1]["end"] = min(c["begin"] for c in self.entries if c["kind"] == "call") - 1
        self.found("answers.refusal")

    def test_refusals_that_nothing_justifies(self):
        for code in ("day_limit_reached", "too_soon", "outside_opening_hours", "customer_restricted", "not_found", "hold_expired"):
            with self.subTest(code):
                self.setUp()
                call = next(c for c in self.calls("hold", 409) if c["answer"]["code"] == "slot_taken")
                call["answer"]["code"] = code
                self.found("answers.refusal")

    def test_steps_refused_though_the_booking_allowed_them(self):
        for code in ("invalid_transition", "stale_version", "not_started"):
            with self.subTest(code):
                self.setUp()
                first = min(self.calls("book", 201), key=lambda call: call["begin"])
                refused = {"does": "cancel", "op": "x", "key": None, "booking": first["answer"]["id"], "body": {"reason": "x", "version": 1}}
                at = first["end"]
                refused |= {"begin": at, "end": at, "status": 409, "answer": {"code": code}, "line": 0}
                self.entries.append(first | refused)
                self.found("answers.refusal")

    def test_a_customer_who_was_too_late_and_one_who_was_not(self):
        """A refusal falsified as a success, and the other way round."""
        hers = lambda status: [call for call in self.calls("cancel", status) if call["by_customer"]]
        late = next(call for call in hers(422) if call["answer"]["code"] == "too_late_to_change" and self.certain(call))
        done = hers(200)[0]
        late |= {"status": 200, "answer": done["answer"]}
        self.includes("answers.success")
        self.setUp()
        done = next(call for call in self.calls("cancel", 200) if call["by_customer"])
        done |= {"status": 422, "answer": {"code": "too_late_to_change"}}
        self.includes("answers.refusal")

    def test_a_customer_who_is_restricted_and_books(self):
        for shop in self.entries:
            if shop["kind"] == "shop":
                shop["store"]["no_show_policy"]["threshold"] = 0
        self.includes("answers.success")

    def test_a_hold_that_was_booked_after_its_end(self):
        held = next(call for call in self.calls("book", 201) if "hold_token" in call["body"])
        for call in self.entries:
            if call["kind"] == "call" and call["does"] == "hold" and call.get("status") == 201:
                if call["answer"]["hold_token"] == held["body"]["hold_token"]:
                    call["answer"]["expires_at"] = "2020-01-01T00:00:00Z"
        self.includes("answers.success")

    def test_a_hold_that_was_called_ended_while_it_lasted(self):
        hold = self.calls("hold", 201)[0]
        token = hold["answer"]["hold_token"]
        self.entries = [c for c in self.entries if token not in json.dumps(c.get("body")) and token not in c.get("path", "")]
        book = {"does": "book", "op": "x", "key": None, "body": {"hold_token": token, "customer_id": "nobody"}, "status": 409, "line": 0}
        self.entries.append(hold | book | {"begin": hold["end"], "answer": {"code": "hold_expired"}})
        self.includes("answers.refusal")

    def test_a_search_that_offers_what_is_taken(self):
        for call in self.calls("slots", 200):
            taken = [start for start, code in call["answer"]["refused"] if code == "slot_taken"]
            if taken:
                call["answer"]["offered"].append(taken[0])
                call["answer"]["refused"].remove([taken[0], "slot_taken"])
        self.found("answers.success")

    def test_a_search_that_hides_what_is_free(self):
        call = next(call for call in self.calls("slots", 200) if call["answer"]["offered"])
        call["answer"]["refused"].append([call["answer"]["offered"].pop(), "slot_taken"])
        self.found("answers.success")

    def test_a_search_that_leaves_a_start_out(self):
        call = next(call for call in self.calls("slots", 200) if call["answer"]["offered"])
        call["answer"]["offered"].pop()
        self.found("answers.success")

    def test_a_reader_who_sees_the_past(self):
        stepped = max(self.calls("cancel", 200), key=lambda call: call["begin"])
        past = self.changes(stepped["booking"])[0]["after_data"]
        later = stepped["end"] + 0.01
        read = {"does": "read", "op": "x", "key": None, "method": "GET", "body": None, "begin": later, "end": later + 0.01}
        self.entries.append(stepped | read | {"answer": past, "line": 0})
        self.found("answers.success")

    def test_an_error_of_the_server(self):
        for status, headers, rule in ((500, {}, "answers.failed"), (503, {}, "answers.failed"), (429, {}, "answers.failed")):
            with self.subTest(status):
                self.setUp()
                call = self.calls("slots", 200)[0]
                call |= {"status": status, "headers": headers, "answer": {"code": "internal"}}
                self.found(rule)

    def test_a_failure_without_a_fault(self):
        self.entries = [entry for entry in self.entries if not (entry["kind"] == "note" and entry.get("fault"))]
        self.includes("answers.lost")
        call = self.calls("slots", 200)[0]
        call |= {"status": 503, "headers": {"Retry-After": "2"}, "answer": {"code": "database_unavailable"}}
        self.includes("answers.unavailable")

    def test_a_call_that_hung(self):
        self.calls("slots", 200)[0]["begin"] -= 41
        self.includes("answers.hang")

    # --- ledgers -------------------------------------------------------------------------------------

    def test_a_change_that_is_not_in_the_history(self):
        row = self.booking("cancelled")
        self.drop("booking_changes", lambda change: change["booking_id"] == row["id"] and change["version"] == row["version"])
        self.includes("history.complete")
        self.includes("effects.lost")

    def test_a_history_that_does_not_chain_up(self):
        row = self.booking("cancelled")
        self.changes(row["id"])[-1]["before_data"]["party_size"] += 1
        self.found("history.chain", "audit.content")

    def test_a_step_that_no_status_allows(self):
        row = self.booking("cancelled", 2)
        for change in self.changes(row["id"]):
            change["after_data"]["status"] = "cancelled"
        self.includes("history.steps")

    def test_an_event_that_is_missing_and_one_too_many(self):
        event = next(event for event in self.database["outbox"] if event["kind"] == "booking.cancelled")
        self.database["outbox"].append(dict(event))
        self.found("outbox.exact")
        self.setUp()
        self.drop("outbox", lambda one: one["id"] == event["id"])
        self.found("outbox.exact")

    def test_an_event_that_tells_something_else(self):
        event = next(event for event in self.database["outbox"] if event["kind"] == "booking.created")
        event["payload"]["party_size"] += 1
        self.found("outbox.payload")

    def test_a_gap_in_an_audit_chain(self):
        entry = next(entry for entry in self.database["audit_log"] if entry["chain"].startswith("day:") and entry["seq"] == 3)
        self.drop("audit_log", lambda one: one["id"] == entry["id"])
        self.includes("audit.sequence")
        self.includes("audit.exact")

    def test_an_audit_chain_without_its_tail(self):
        end = next(chain for chain in self.database["audit_chains"] if chain["chain"].startswith("day:"))
        self.drop("audit_log", lambda one: (one["chain"], one["seq"]) == (end["chain"], end["seq"]))
        self.includes("audit.end")

    def test_an_audit_entry_that_was_replaced(self):
        entry = next(entry for entry in self.database["audit_log"] if entry["chain"].startswith("store:") and entry["seq"] == 1)
        entry["hash"] = "00" * 32
        self.found("audit.linked")

    def test_an_audit_log_that_does_not_verify(self):
        self.database["verified"]["sound"] = False
        self.found("audit.verify")

    def test_a_day_that_has_not_counted_its_writers(self):
        max(self.database["store_days"], key=lambda day: day["version"])["version"] = 1
        self.found("days.version")

    def test_a_customer_whose_visits_were_counted_twice(self):
        visitor = self.booking("completed")["customer_id"]
        customer = next(customer for customer in self.database["customers"] if customer["id"] == visitor)
        customer["total_bookings"] += 1
        self.found("customers.counts")

    def test_one_person_who_became_two_customers(self):
        for row in self.database["bookings"]:
            row["customer_id"] = row["id"]
        self.includes("customers.one")


if __name__ == "__main__":
    unittest.main()
