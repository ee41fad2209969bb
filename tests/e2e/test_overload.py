#!/usr/bin/env python3
"""More than it can bear is refused politely, nothing hangs, and what runs when it is told to stop is finished."""

import collections
import datetime
import http.client
import json
import signal
import socket
import threading
import time
import unittest

import musubi
import shop

CLIENTS = 60
CALLS = 10


class Overload(unittest.TestCase):
    def test_what_is_too_much_is_told_to_come_back(self):
        limits = ["--max-requests", "2", "--public-rate", "60", "--public-burst", "3"]
        with musubi.fresh_database("sqlite") as url, musubi.Api(url, *limits) as api:
            with shop.Shop(api) as place:
                menu = place.menu("カット", resource_ids=[place.resource(f"スタッフ {n}") for n in range(8)])
                last = place.date + datetime.timedelta(days=20)
                params = {"menu_id": menu, "from": place.date.isoformat(), "to": last.isoformat(), "explain": "true"}

                def call(i):
                    # Half of them come without credentials.
                    with musubi.Client(api, place.key if i % 2 else None) as client:
                        return [client.get(place.path("/slots"), params=params) for _ in range(CALLS)]

                begin = time.monotonic()
                answers = [answer for some in musubi.together(CLIENTS, call) for answer in some]
                seconds = time.monotonic() - begin
                for status, headers, body in answers:
                    if status != 200:
                        self.assertIn(status, (429, 503), body)
                        self.assertGreaterEqual(int(headers["Retry-After"]), 1)
                        self.assertEqual(headers["Content-Type"], "application/problem+json")
                found = collections.Counter(status for status, _, _ in answers)
                self.assertEqual(found.keys(), {200, 429, 503}, found)
                # It is over when it is over.
                self.assertEqual(place.client.get(place.path("/slots"), params=params)[0], 200)
                print(f"{CLIENTS} clients, room for 2: {dict(found)} in {seconds:.2f} s", flush=True)

    def test_silent_connections_keep_nobody_away(self):
        with musubi.fresh_database("sqlite") as url, musubi.Api(url, "--max-requests", "4") as api, musubi.Client(api) as client:
            silent = [socket.create_connection((api.host, api.port), timeout=10) for _ in range(200)]
            try:
                for connection in silent[:100]:
                    connection.sendall(b"POST /v1/stores HTTP/1.1\r\nHost: x\r\nContent-Le")
                for _ in range(20):
                    self.assertEqual(client.get("/readyz")[0], 200)
            finally:
                for connection in silent:
                    connection.close()


class Draining(unittest.TestCase):
    def test_a_request_that_runs_is_finished(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api) as place:
                menu = place.menu("カット", resource_ids=[place.resource("花子")])
                place.client.close()
                body = json.dumps(place.wish(menu, "10:00", customer={"name": "最後"})).encode()
                head = f"POST {place.path('/bookings')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.key}\r\n"
                head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                with socket.create_connection((api.host, api.port), timeout=10) as connection:
                    connection.sendall(head.encode() + body[:20])
                    time.sleep(0.3)
                    api.process.send_signal(signal.SIGTERM)
                    time.sleep(0.3)
                    with self.assertRaises(OSError, msg="nobody new is let in"):
                        socket.create_connection((api.host, api.port), timeout=10).close()
                    connection.sendall(body[20:])
                    answer = http.client.HTTPResponse(connection)
                    answer.begin()
                    self.assertEqual(answer.status, 201, answer.read())
                self.assertEqual(api.process.wait(musubi.STOP_SECONDS), 0, api.log())
                api.start()
                self.assertEqual(len(place.everything("/bookings")), 1)

    def test_under_load_every_answer_is_whole(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api) as place:
                menu, acknowledged = place.menu("受付", 30), []

                def write(i):
                    with musubi.Client(api, place.key) as client:
                        while True:
                            try:
                                status, _, booked = place.book(menu, "10:00", f"客 {i}", client=client)
                            except (OSError, http.client.HTTPException):
                                return
                            self.assertEqual(status, 201, booked)
                            acknowledged.append(booked["id"])

                threading.Timer(1, api.process.send_signal, [signal.SIGTERM]).start()
                musubi.together(8, write)
                self.assertEqual(api.process.wait(musubi.STOP_SECONDS), 0, api.log())
                api.start()
                # No connection was cut in the middle of a booking: all that stand were acknowledged.
                self.assertEqual(set(place.everything("/bookings")), set(acknowledged))
                shop.assert_consistent(self, engine, len(acknowledged))
                print(f"{engine}: stopped among {len(acknowledged)} bookings, each answered", flush=True)


if __name__ == "__main__":
    unittest.main()
