#!/usr/bin/env python3
"""What the search offers can be booked, as it was offered; what it does not offer is refused, with the rule it named.

A week of both demo shops is walked, every menu, every start of the grid. Each booking is called off again, so that every
start is judged in the same world that the search saw.
"""

import collections
import datetime
import json
import unittest

import musubi
import shop

DAYS = 7
TODAY = datetime.date.today()
# Old and young enough for every menu.
GUEST = {"name": "結び 花子", "phone": "090-0000-9999", "gender": "female", "birthday": TODAY.replace(year=TODAY.year - 21, day=1).isoformat()}


class Walk:
    """One walk through the week of one shop's menu."""

    def __init__(self, test, client, place, menu, tally):
        self.test = test
        self.client = client
        self.at = f"/v1/stores/{place['store_id']}"
        self.menu = menu
        self.tally = tally

    def wish(self, **more):
        return {"menu_id": self.menu["id"], "option_ids": self.menu["required_option_ids"], "source": "web"} | more

    def search(self, first, last, **more):
        params = self.wish(**{"from": first, "to": last, "explain": "true"}, **more)
        params["option_ids"] = ",".join(params["option_ids"])
        if not params["option_ids"]:
            del params["option_ids"]
        status, _, body = self.client.get(f"{self.at}/slots", params=params)
        self.test.assertEqual(status, 200, body)
        return body

    def week(self, first, **more):
        found = self.search(first, (datetime.date.fromisoformat(first) + datetime.timedelta(DAYS - 1)).isoformat(), **more)
        for kind in ("items", "refused"):
            starts = [slot["start"] for slot in found[kind]]
            self.test.assertEqual(starts, sorted(set(starts)), f"{kind} are in order, once each")
        self.test.assertFalse({slot["start"] for slot in found["items"]} & {slot["start"] for slot in found["refused"]})
        for slot in found["items"]:
            self.offered(slot, **more)
        for slot in found["refused"]:
            self.refused(slot, **more)
        return found

    def book(self, start, **more):
        """Books and calls off again; what the store answered."""
        status, _, body = self.client.post(f"{self.at}/bookings", self.wish(start=start, customer=GUEST, **more))
        if status == 201:
            gone = self.client.post(f"{self.at}/bookings/{body['id']}/cancel", {"reason": "walked by", "version": body["version"]})
            self.test.assertEqual(gone[0], 200, gone)
        return status, body

    def offered(self, slot, **more):
        status, body = self.book(slot["start"], **more)
        if status != 201:
            return self.moved(slot, body["code"], more)
        self.tally["offered"] += 1
        said = (slot["start"], slot["end"], slot["business_date"], slot["price"])
        done = (body["start"], body["end"], body["business_date"], body["total_price"])
        self.test.assertEqual(done, said, self.menu["name"])
        primary = [held["id"] for held in body["resources"] if held["primary"]]
        self.test.assertEqual(primary, [one["id"] for one in slot["resources"][:1]], "the first in order of preference")
        for choice in slot["resources"][-1:]:
            status, body = self.book(slot["start"], **more | {"resource_id": choice["id"]})
            self.test.assertEqual((status, body.get("total_price")), (201, choice["price"]), (self.menu["name"], slot, body))
            self.tally["nominated"] += 1

    def refused(self, slot, **more):
        status, body = self.book(slot["start"], **more)
        if status == 201 or body["code"] != slot["code"]:
            return self.moved(slot, body.get("code"), more)
        self.test.assertEqual(status, 409 if slot["code"] == "slot_taken" else 422, body)
        self.tally[f"refused: {slot['code']}"] += 1

    def moved(self, slot, code, more):
        """The clock goes on during the walk: a start may have become too soon. A second search must agree."""
        now = self.search(slot["business_date"], slot["business_date"], **more)
        named = {found["start"]: found["code"] for found in now["refused"]} | {found["start"]: None for found in now["items"]}
        self.test.assertEqual(named.get(slot["start"]), code, (self.menu["name"], slot))
        self.tally["the clock went on"] += 1

    def off_the_grid(self, slots):
        """Seven minutes past a start is no start."""
        for slot in slots[:5]:
            start = datetime.datetime.fromisoformat(slot["start"]) + datetime.timedelta(minutes=7)
            status, body = self.book(start.strftime("%Y-%m-%dT%H:%M:%SZ"))
            self.test.assertEqual(status, 422, body)
            self.test.assertIn(body["code"], ("off_grid", "outside_opening_hours"))
            self.tally["off the grid"] += 1


class SlotsAgree(unittest.TestCase):
    maxDiff = None

    def test_a_week_of_the_demo_shops(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url, "--demo") as api:
                demo = json.loads((api.folder / "data" / "demo.json").read_text())
                tally = collections.Counter()
                for place in demo["shops"]:
                    with musubi.Client(api, place["store_key"]) as client:
                        self.walk(client, place, demo["today"], tally)
                for kind in ("offered", "nominated", "refused: slot_taken", "refused: resource_unavailable", "off the grid"):
                    self.assertGreater(tally[kind], 0, f"the demo shows no {kind}: {tally}")
                standing = sum(n for place in demo["shops"] for status, n in place["bookings"].items() if status != "cancelled")
                shop.assert_consistent(self, engine, standing)
                shop.assert_never_too_full(self, engine)
                print(f"{engine}: " + ", ".join(f"{n} {kind}" for kind, n in sorted(tally.items())), flush=True)

    def walk(self, client, place, today, tally):
        # Holds end by the clock, in the middle of the walk.
        for token in place["hold_tokens"]:
            self.assertEqual(client.delete(f"/v1/stores/{place['store_id']}/holds/{token}")[0], 204)
        for menu in place["menus"]:
            walk = Walk(self, client, place, menu, tally)
            found = walk.week(today)
            walk.off_the_grid(found["items"])
        # A party, where a menu takes one.
        walk.week(today, party_size=2)


if __name__ == "__main__":
    unittest.main()
