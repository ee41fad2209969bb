#!/usr/bin/env python3
"""The program starts, becomes ready, stops, loses nothing when it is killed, and says plainly what is wrong with its settings."""

import http.client
import threading
import time
import unittest
import uuid

import musubi
import shop

IDLE_KIB = 40 * 1024
WRITERS = 6


class Startup(unittest.TestCase):
    def test_it_starts_and_stops_on_every_engine(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, musubi.Client(api) as client:
                self.assertEqual(client.get("/healthz")[0], 200)
                self.assertEqual(client.get("/readyz")[0], 200)
                first = api.seconds_to_ready

                client.close()  # Draining waits for clients; this one has nothing left to say.
                self.assertEqual(api.stop(), 0, api.log())

                # Most starts in a program's life find their database already there.
                api.start()
                self.assertEqual(client.get("/readyz")[0], 200)
                print(f"{engine}: ready in {first:.2f} s, again in {api.seconds_to_ready:.2f} s", flush=True)

    def test_it_starts_again_after_being_killed(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api:
                api.kill()
                api.start()
                self.assertEqual(api.stop(), 0, api.log())

    def test_it_stops_while_a_client_keeps_its_connection(self):
        with musubi.fresh_database("sqlite") as url, musubi.Api(url) as api, musubi.Client(api) as client:
            self.assertEqual(client.get("/healthz")[0], 200)
            self.assertEqual(api.stop(), 0, api.log())


class Footprint(unittest.TestCase):
    def test_it_is_small_and_starts_at_once(self):
        """On SQLite, with data in it. Figures are printed; memory is held to its bound in a release build."""
        with musubi.fresh_database("sqlite") as url, musubi.Api(url, "--demo") as api:
            starts = []
            for _ in range(5):
                api.restart()
                starts.append(api.seconds_to_ready)
            time.sleep(1)
            idle = api.kib()
            with musubi.Client(api, musubi.OPERATOR_KEY) as client:
                self.assertEqual(client.get("/v1/tenants")[0], 200)
                self.assertEqual(client.get("/openapi.json")[0], 200)
            used = api.kib()
            milliseconds = sorted(round(seconds * 1000) for seconds in starts)
            print(f"start with a database: {milliseconds} ms; idle: {idle / 1024:.1f} MiB, after its first calls {used / 1024:.1f} MiB", flush=True)
            if "/release/" in musubi.binary():
                self.assertLess(idle, IDLE_KIB, "KiB of memory when idle")
                self.assertLess(milliseconds[2], 1000, "ms to start")


class Killed(unittest.TestCase):
    def test_every_acknowledged_booking_outlives_a_kill(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api, booking_limit_per_day=10000) as place:
                # No resource and no limit that matters: only the writers' own speed counts.
                menu = place.menu("受付", 30)
                acknowledged, unanswered, stop = [], [], threading.Event()

                def write(writer):
                    with musubi.Client(api, place.key) as client:
                        while not stop.is_set():
                            key = str(uuid.uuid4())
                            body = place.wish(menu, f"{9 + writer}:00", customer={"name": f"客 {writer}"})
                            try:
                                status, _, booked = client.post(place.path("/bookings"), body, idempotency_key=key)
                            except (OSError, http.client.HTTPException):
                                return unanswered.append((key, body))
                            self.assertEqual(status, 201, booked)
                            acknowledged.append((key, body, booked["id"]))

                killer = threading.Timer(1.5, api.kill)
                killer.start()
                musubi.together(WRITERS, write)
                stop.set()
                killer.join()
                api.start()

                self.assertGreater(len(acknowledged), 10)
                self.assertEqual(len(unanswered), WRITERS)
                standing = place.everything("/bookings")
                self.assertEqual(len(standing), len(set(standing)))
                self.assertLessEqual({booking for _, _, booking in acknowledged}, set(standing))
                lost_answers = len(standing) - len(acknowledged)
                self.assertLessEqual(lost_answers, WRITERS)

                # Whoever got no answer asks again, and so may everybody else: nothing is booked twice.
                for key, body, *booking in unanswered + acknowledged[-WRITERS:]:
                    status, _, booked = place.client.post(place.path("/bookings"), body, idempotency_key=key)
                    self.assertEqual(status, 201, booked)
                    self.assertIn(booked["id"], booking or [booked["id"]])
                self.assertEqual(len(place.everything("/bookings")), len(acknowledged) + WRITERS)
                shop.assert_consistent(self, engine, len(acknowledged) + WRITERS)
                print(f"{engine}: {len(acknowledged)} bookings outlived the kill, {lost_answers} more were made but not answered", flush=True)


class WrongSettings(unittest.TestCase):
    def assert_refused(self, *arguments, **environment):
        ended = musubi.run_to_end(*arguments, **environment)
        self.assertEqual(ended.returncode, 2, ended)
        self.assertEqual(len(ended.stderr.splitlines()), 1, ended.stderr)
        self.assertTrue(ended.stderr.strip(), "the line is empty")

    def test_an_address_that_is_none(self):
        self.assert_refused("--listen", "nonsense")

    def test_an_address_that_is_none_from_the_environment(self):
        self.assert_refused(MUSUBI_LISTEN="nonsense")

    def test_a_database_of_an_unknown_kind(self):
        self.assert_refused("--listen", "127.0.0.1:0", "--database-url", "ftp://x")

    def test_a_mail_server_that_is_none(self):
        self.assert_refused("--listen", "127.0.0.1:0", MUSUBI_SMTP_URL="mail.example.jp")

    def test_a_mail_server_without_a_sender(self):
        self.assert_refused("--listen", "127.0.0.1:0", MUSUBI_SMTP_URL="smtp://mail.example.jp")


if __name__ == "__main__":
    unittest.main()
