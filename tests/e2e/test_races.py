#!/usr/bin/env python3
"""Fifty clients want one thing at the same moment: one gets it, forty-nine are told that it is taken, and the books agree."""

import collections
import unittest

import musubi
import shop

CLIENTS = 50


def outcomes(answers):
    """How often each (status, code) came."""
    return dict(collections.Counter((status, body.get("code")) for status, _, body in answers))


ONE_WINNER = {(201, None): 1, (409, "slot_taken"): CLIENTS - 1}


class Races(unittest.TestCase):
    maxDiff = None

    def on_each_engine(self, race):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url, "--public-rate", "0") as api, shop.Shop(api) as place:
                live = race(api, place)
                shop.assert_consistent(self, engine, live)
                shop.assert_never_too_full(self, engine)
                print(f"{engine}: {self._testMethodName}: {live} bookings stand", flush=True)

    def test_the_last_seat_of_a_class(self):
        def race(api, place):
            room = place.resource("スタジオ", "room", capacity=12)
            yoga = place.menu("ヨガ", service_type="group", resource_ids=[room], max_participants=12)
            for size in (4, 4, 3):
                shop.made(place.book(yoga, "10:00", f"一行 {size}", party_size=size))
            answers = musubi.together(CLIENTS, lambda i: place.book(yoga, "10:00", f"客 {i}"))
            self.assertEqual(outcomes(answers), ONE_WINNER)
            self.assertEqual(outcomes([place.book(yoga, "10:00", "遅刻")]), {(409, "slot_taken"): 1})
            return 4

        self.on_each_engine(race)

    def test_overlapping_bookings_of_different_lengths(self):
        def race(api, place):
            stylist = place.resource("花子")
            menus = [place.menu(f"{minutes} 分", minutes, resource_ids=[stylist]) for minutes in (30, 60, 90, 150)]
            # Whichever is first, every other one overlaps it: all contain 11:00 to 11:15.
            starts = {0: ["10:45", "11:00"], 1: ["10:15", "10:30", "11:00"], 2: ["09:45", "10:15", "11:00"], 3: ["09:00", "10:00", "11:00"]}
            wishes = [(menus[menu], clock) for menu, clocks in starts.items() for clock in clocks]
            answers = musubi.together(CLIENTS, lambda i: place.book(*wishes[i % len(wishes)], f"客 {i}"))
            self.assertEqual(outcomes(answers), ONE_WINNER)
            return 1

        self.on_each_engine(race)

    def test_the_last_seat_by_holds(self):
        def race(api, place):
            room = place.resource("スタジオ", "room", capacity=12)
            yoga = place.menu("ヨガ", service_type="group", resource_ids=[room], max_participants=12)
            shop.made(place.book(yoga, "10:00", "団体", party_size=11))
            hold = lambda i: place.client.post(place.path("/holds"), place.wish(yoga, "10:00"))
            answers = musubi.together(CLIENTS, hold)
            self.assertEqual(outcomes(answers), ONE_WINNER)
            token = next(body["hold_token"] for status, _, body in answers if status == 201)
            self.assertEqual(outcomes([place.book(yoga, "10:00", "割込")]), {(409, "slot_taken"): 1}, "the hold keeps it")

            # Its holder is impatient, and clicks often: the hold becomes one booking.
            book = lambda i: place.client.post(place.path("/bookings"), {"hold_token": token, "customer": {"name": "客"}})
            answers = musubi.together(10, book)
            self.assertEqual(outcomes(answers), {(201, None): 1, (409, "hold_expired"): 9})
            return 2

        self.on_each_engine(race)

    def test_holds_and_bookings_of_one_stylist(self):
        def race(api, place):
            stylist = place.resource("花子")
            menus = [place.menu(f"{minutes} 分", minutes, resource_ids=[stylist]) for minutes in (45, 120)]

            def want(i):
                wish = place.wish(menus[i % 2], "10:00" if i % 3 else "10:30")
                if i % 5 < 2:
                    return place.client.post(place.path("/holds"), wish)
                return place.client.post(place.path("/bookings"), wish | {"customer": {"name": f"客 {i}"}})

            answers = musubi.together(CLIENTS, want)
            self.assertEqual(outcomes(answers), ONE_WINNER)
            return sum("booking_number" in body for _, _, body in answers)

        self.on_each_engine(race)

    def test_many_days_and_menus_at_once(self):
        """No single prize: every client books where it likes, and whatever stands at the end must fit."""

        def race(api, place):
            team = [place.resource(name) for name in ("花子", "太郎", "陽子")]
            place.resource("個室", "room")
            room = [{"type": "room", "quantity": 1}]
            menus = [
                place.menu("短い", 30, resource_ids=team),
                place.menu("長い", 105, resource_ids=team, cleanup_duration=10),
                place.menu("個室", 60, resource_ids=team, required_resources=room),
            ]
            clocks = [f"{hour:02}:{minute:02}" for hour in range(9, 14) for minute in (0, 15, 30, 45)]

            def want(i):
                # A fixed stride: every run races for the same things.
                return [place.book(menus[(i + n) % 3], clocks[(i * 7 + n * 3) % len(clocks)], f"客 {i}") for n in range(6)]

            answers = [answer for some in musubi.together(20, want) for answer in some]
            found = outcomes(answers)
            self.assertLessEqual(set(found), {(201, None), (409, "slot_taken")})
            booked = [body for status, _, body in answers if status == 201]
            # Half are called off again, by their makers all at once; twice each, and once only works.
            gone = booked[::2]
            cancel = lambda i: place.client.post(place.path(f"/bookings/{gone[i // 2]['id']}/cancel"), {"reason": "都合"})
            cancelled = outcomes(musubi.together(len(gone) * 2, cancel))
            self.assertEqual(cancelled, {(200, None): len(gone), (409, "invalid_transition"): len(gone)})
            return len(booked) - len(gone)

        self.on_each_engine(race)


class Repeats(unittest.TestCase):
    def test_one_key_from_twenty_clients_is_one_booking(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api) as place:
                menu = place.menu("カット", resource_ids=[place.resource("花子"), place.resource("太郎")])

                def book(_):
                    body = place.wish(menu, "10:00", customer={"name": "田中"})
                    return place.client.post(place.path("/bookings"), body, idempotency_key="one-and-only")

                answers = musubi.together(20, book) + [book(0)]
                self.assertEqual({status for status, _, _ in answers}, {201}, answers)
                first = answers[0][2]
                self.assertTrue(first["manage_token"])
                for _, headers, body in answers:
                    self.assertEqual(body, first)
                    self.assertEqual(headers["Location"], place.path(f"/bookings/{first['id']}"))
                replayed = [headers.get("Idempotent-Replayed") for _, headers, _ in answers]
                self.assertEqual(replayed.count("true"), 20, replayed)

                other = place.wish(menu, "12:00", customer={"name": "田中"})
                status, _, body = place.client.post(place.path("/bookings"), other, idempotency_key="one-and-only")
                self.assertEqual((status, body["code"]), (422, "idempotency_key_reused"))
                shop.assert_consistent(self, engine, 1)


if __name__ == "__main__":
    unittest.main()
