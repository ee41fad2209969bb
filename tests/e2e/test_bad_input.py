#!/usr/bin/env python3
"""Whatever is sent, the answer to wrong input is the right 4xx that says what is wrong and where, and nothing is changed."""

import datetime
import http.client
import json
import unittest
import uuid

import musubi
import shop

NOBODY = "0190a7a0-0000-7000-8000-000000000000"
SQL = "Robert'); DROP TABLE bookings;-- \" OR 1=1 /*"
EMOJI = "💇‍♀️ 結び 👩🏽‍🚀 é ｶﾅ"


def invalid(*violations):
    return (400, "invalid_request", set(violations))


def problem(status, code):
    return (status, code, None)


MALFORMED = problem(400, "malformed_json")
NOT_FOUND = problem(404, "not_found")


class World:
    """A shop with one of everything, and another tenant's, of whom the first may know nothing."""

    def __init__(self, api):
        self.place = shop.Shop(api)
        self.other = shop.Shop(api)
        for place in (self.place, self.other):
            place.stylist = place.resource("花子")
            place.cut = place.menu("カット", resource_ids=[place.stylist])
            place.guest = place.customer("田中")
            place.option = shop.made(place.client.post(place.path(f"/menus/{place.cut}/options"), {"name": "Spa", "price": 1500}))["id"]
            place.booking = shop.made(place.book(place.cut, "10:00"))
            place.client.put(place.path(f"/calendar/{place.date}"), {"notes": "x"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for place in (self.place, self.other):
            place.client.close()
            place.store_client.close()

    def cases(self):
        """(what, method, path, body, expected) and, where needed, more options of the call."""
        p, o = self.place, self.other
        at = p.path
        slots = at("/slots")
        week = {"menu_id": p.cut, "from": p.date.isoformat(), "to": p.date.isoformat()}
        book = p.wish(p.cut, "12:00", customer={"name": "a"})
        step = at(f"/bookings/{p.booking['id']}")
        menu = {"name": "x", "base_duration": 60, "base_price": 1}
        store = {"name": "x", "slug": "x-1", "industry_type": "beauty", "business_hours": {}}
        hours = lambda opens, closes: {"mon": [{"open": opens, "close": closes}]}

        # Wrong types, unknown fields, missing ones, all of them at once.
        yield "a name that is a number", "POST", at("/menus"), menu | {"name": 7}, invalid(("/name", "wrong_type"))
        yield "an unknown field", "POST", at("/menus"), menu | {"colour": "red"}, invalid(("/colour", "unknown_field"))
        everything = invalid(("/name", "wrong_type"), ("/base_price", "missing"), ("/base_duration", "wrong_type"), ("/x", "unknown_field"))
        yield "all at once", "POST", at("/menus"), {"name": [], "base_duration": "60", "x": 1}, everything
        yield "a booking of wrong types", "POST", at("/bookings"), book | {"party_size": "2"}, invalid(("/party_size", "wrong_type"))
        yield "a booking's unknown field", "POST", at("/bookings"), book | {"vip": True}, invalid(("/vip", "unknown_field"))
        inside = book | {"customer": {"name": "a", "rank": "vip"}}
        yield "an unknown field inside", "POST", at("/bookings"), inside, invalid(("/customer/rank", "unknown_field"))
        yield "a hold without a start", "POST", at("/holds"), {"menu_id": p.cut}, invalid(("/start", "missing"))
        yield "a booking of nothing", "POST", at("/bookings"), {"customer": {"name": "a"}}, invalid(("/hold_token", "missing"))
        yield "a booking of nobody", "POST", at("/bookings"), p.wish(p.cut, "12:00"), invalid(("/customer", "missing"))
        yield "null for a body", "POST", at("/bookings"), b"null", invalid(("", "wrong_type"))
        yield "a list for a body", "POST", at("/bookings"), b"[]", invalid(("", "wrong_type"))
        yield "a patch that is a list", "PATCH", at(f"/menus/{p.cut}"), b"[]", invalid(("", "wrong_type"))

        # Times and dates that there are not.
        for clock in ("24:61", "31:00", "9:00", "-1:00", "ab:cd", ""):
            wrong = {"working_hours": hours(clock, "30:00"), "name": "x", "type": "staff"}
            yield f"open at {clock!r}", "POST", at("/resources"), wrong, invalid(("/working_hours/mon/0/open", "bad_format"))
        late = store | {"business_hours": hours("10:00", "30:01")}
        yield "closed at 30:01", "POST", "/v1/stores", late, invalid(("/business_hours/mon/0/close", "bad_format"))
        for start in ("2026-02-30T10:00:00Z", "2026-03-20 10:00", "tomorrow", "2026-03-20T25:00:00Z", "", "1710928800"):
            yield f"a start {start!r}", "POST", at("/bookings"), book | {"start": start}, invalid(("/start", "bad_format"))
        for birthday in ("2026-02-30", "1990-1-1", "0000-00-00", "19900101"):
            yield f"a birthday {birthday}", "POST", at("/customers"), {"name": "a", "birthday": birthday}, invalid(("/birthday", "bad_format"))
        for date in ("2026-02-30", "today", "20260320", "2026-13-01"):
            yield f"a calendar's {date}", "PUT", at(f"/calendar/{date}"), {}, invalid(("{date}", "bad_format"))
        backwards = {"from": f"{p.date}T03:00:00Z", "to": f"{p.date}T02:00:00Z"}
        yield "an absence backwards", "POST", at(f"/resources/{p.stylist}/absences"), backwards, invalid(("/to", "from_not_before_to"))

        # Numbers out of their ranges.
        for minutes in (-60, 0):
            yield f"{minutes} minutes", "POST", at("/menus"), menu | {"base_duration": minutes}, invalid(("/base_duration", "out_of_range"))
        yield "an option of -15 minutes", "POST", at(f"/menus/{p.cut}/options"), {"name": "x", "duration": -15}, invalid(("/duration", "out_of_range"))
        yield "half minutes", "POST", at("/menus"), menu | {"base_duration": 60.5}, invalid(("/base_duration", "wrong_type"))
        yield "a huge price", "POST", at("/menus"), menu | {"base_price": 10**30}, invalid(("/base_price", "too_large"))
        yield "a party of none", "POST", at("/bookings"), book | {"party_size": 0}, invalid(("/party_size", "too_small"))
        yield "a party of -1", "POST", at("/holds"), p.wish(p.cut, "12:00", party_size=-1), invalid(("/party_size", "too_small"))
        yield "a huge party", "POST", at("/bookings"), book | {"party_size": 2**63}, invalid(("/party_size", "too_large"))
        yield "1e999", "POST", at("/menus"), b'{"name":"x","base_duration":60,"base_price":1e999}', MALFORMED

        # Texts.
        yield "NUL in a name", "POST", at("/customers"), {"name": "a\0b"}, invalid(("/name", "nul_character"))
        yield "NUL in a field's name", "POST", at("/customers"), {"a\0": 1}, invalid(("/a\0", "nul_character"))
        yield "NUL in a booking", "POST", at("/bookings"), book | {"customer": {"name": "\0"}}, invalid(("/customer/name", "nul_character"))
        yield "an endless name", "POST", at("/customers"), {"name": "x" * 300}, invalid(("/name", "too_long"))
        yield "endless notes", "POST", at("/bookings"), book | {"customer_notes": "x" * 20000}, invalid(("/customer_notes", "too_long"))
        yield "a telephone number", "POST", at("/bookings"), book | {"customer": {"name": "a", "phone": SQL}}, invalid(("/customer/phone", "bad_phone"))
        yield "an e-mail address", "POST", at("/bookings"), book | {"customer": {"name": "a", "email": SQL}}, invalid(("/customer/email", "bad_email"))
        yield "a cancellation without a reason", "POST", f"{step}/cancel", {"reason": " "}, invalid(("/reason", "blank"))

        # JSON that is none, or not quite.
        for text in (b"", b"{", b"{'a':1}", b"[1,]", b"nonsense", b'{"name":"\xff"}', b"\xef\xbb\xbf{}", b"[" * 100_000):
            yield f"the text {text[:12]!r}", "POST", at("/bookings"), text, MALFORMED
        deep = b'{"customer":' * 200 + b"1" + b"}" * 200
        yield "deep nesting", "POST", at("/bookings"), deep, MALFORMED
        yield "a doubled field", "POST", at("/customers"), b'{"name":"a","name":"b"}', invalid(("/name", "duplicate_field"))
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=shift_jis"):
            yield kind, "POST", at("/customers"), {"name": "a"}, problem(415, "unsupported_media_type"), {"content_type": kind}

        # Bodies too large, with and without their length told beforehand.
        large = json.dumps({"name": "x" * 10_000_000}).encode()
        yield "ten megabytes", "POST", at("/customers"), large, problem(413, "body_too_large")
        chunked = {"headers": {"Transfer-Encoding": "chunked"}, "chunks": [large[i : i + 65536] for i in range(0, len(large), 65536)]}
        yield "ten megabytes in chunks", "POST", at("/customers"), None, problem(413, "body_too_large"), chunked

        # Ids: malformed, of nothing, of something else.
        for bad in ("1", "%00", "0190a7a0", "..%2F..%2Fetc", "%27%20OR%201=1"):
            yield f"a store {bad}", "GET", f"/v1/stores/{bad}", None, invalid(("{store_id}", "bad_format"))
            yield f"a booking {bad}", "GET", at(f"/bookings/{bad}"), None, invalid(("{booking_id}", "bad_format"))
        yield "a menu id that is none", "POST", at("/bookings"), book | {"menu_id": "x"}, invalid(("/menu_id", "bad_format"))
        yield "a menu of nowhere", "POST", at("/bookings"), book | {"menu_id": NOBODY}, NOT_FOUND
        yield "a resource for a menu", "POST", at("/holds"), p.wish(p.stylist, "12:00"), NOT_FOUND
        yield "a customer of nowhere", "POST", at("/bookings"), p.wish(p.cut, "12:00", customer_id=NOBODY), NOT_FOUND
        yield "an unknown hold", "POST", at("/bookings"), {"hold_token": "x" * 43, "customer": {"name": "a"}}, problem(409, "hold_expired")

        # Another tenant's: as if there were none.
        for path in ("", "/bookings", "/customers", "/menus", f"/bookings/{o.booking['id']}", f"/slots?menu_id={o.cut}&from={p.date}&to={p.date}"):
            yield f"another's {path}", "GET", o.path(path), None, NOT_FOUND
        yield "another's booking", "POST", o.path("/bookings"), o.wish(o.cut, "12:00", customer={"name": "a"}), NOT_FOUND
        yield "another's booking in one's own store", "GET", at(f"/bookings/{o.booking['id']}"), None, NOT_FOUND
        yield "cancelling another's booking", "POST", at(f"/bookings/{o.booking['id']}/cancel"), {"reason": "x"}, NOT_FOUND
        yield "another's menu", "POST", at("/bookings"), book | {"menu_id": o.cut}, NOT_FOUND
        yield "another's customer", "POST", at("/bookings"), p.wish(p.cut, "12:00", customer_id=o.guest), NOT_FOUND
        yield "another's stylist", "POST", at("/bookings"), book | {"resource_id": o.stylist}, problem(422, "resource_not_allowed")
        yield "another's option", "POST", at("/bookings"), book | {"option_ids": [o.option]}, problem(422, "option_not_available")
        yield "another's stylist for a menu", "POST", at("/menus"), menu | {"resource_ids": [o.stylist]}, invalid(("/resource_ids/0", "unknown_resource"))
        yield "another's tenant", "GET", f"/v1/tenants/{o.tenant}", None, NOT_FOUND

        # Versions and states.
        yield "a stale menu", "PATCH", at(f"/menus/{p.cut}"), {"name": "y"}, problem(412, "stale_version"), {"if_match": '"99"'}
        yield "a stale booking", "PATCH", step, {"staff_notes": "y"}, problem(412, "stale_version"), {"if_match": '"99"'}
        yield "a stale cancellation", "POST", f"{step}/cancel", {"reason": "x", "version": 99}, problem(409, "stale_version")
        yield "done before its start", "POST", f"{step}/complete", {}, problem(422, "not_started")
        yield "confirmed twice", "POST", f"{step}/confirm", {}, problem(409, "invalid_transition")
        yield "a rescheduling to nothing", "POST", f"{step}/reschedule", {"reason": "x"}, invalid(("", "nothing_to_change"))

        # Queries.
        yield "limit 0", "GET", at("/bookings?limit=0"), None, invalid(("?limit", "too_small"))
        yield "limit 201", "GET", at("/bookings?limit=201"), None, invalid(("?limit", "too_large"))
        yield "limit x", "GET", at("/bookings?limit=x"), None, invalid(("?limit", "wrong_type"))
        for cursor in ("%25", "eyJhIjoxfQ", "", "A" * 3000):
            yield f"the cursor {cursor[:9]}", "GET", at(f"/bookings?cursor={cursor}"), None, invalid(("?cursor", "bad_cursor"))
        yield "an unknown parameter", "GET", at("/bookings?colour=red"), None, invalid(("?colour", "unknown_parameter"))
        yield "a repeated parameter", "GET", at("/bookings?limit=1&limit=2"), None, invalid(("?limit", "repeated"))
        yield "a status that is none", "GET", at("/bookings?status=lost"), None, invalid(("?status", "not_one_of"))
        yield "slots of nothing", "GET", slots, None, invalid(("?menu_id", "missing"), ("?from", "missing"), ("?to", "missing"))
        yield "slots of no date", "GET", slots, None, invalid(("?from", "bad_format")), {"params": week | {"from": "2026-02-30"}}
        far = (p.date + datetime.timedelta(62)).isoformat()
        yield "slots of 63 days", "GET", slots, None, invalid(("?to", "too_many_days")), {"params": week | {"to": far}}
        early = (p.date - datetime.timedelta(1)).isoformat()
        yield "slots backwards", "GET", slots, None, invalid(("?to", "before_from")), {"params": week | {"to": early}}
        yield "slots for -1", "GET", slots, None, invalid(("?party_size", "too_small")), {"params": week | {"party_size": "-1"}}
        yield "slots with an id that is none", "GET", slots, None, invalid(("?option_ids", "bad_format")), {"params": week | {"option_ids": SQL}}

        # Headers, addresses, methods.
        yield "an endless key", "POST", at("/customers"), {"name": "a"}, invalid(("Idempotency-Key", "bad_format")), {"idempotency_key": "k" * 256}
        yield "If-Match of nothing", "PATCH", at(f"/menus/{p.cut}"), {"name": "y"}, invalid(("If-Match", "bad_format")), {"if_match": "x"}
        yield "a wrong key", "GET", at("/bookings"), None, problem(401, "bad_credentials"), {"headers": {"Authorization": "Bearer msb_no"}}
        yield "another scheme", "GET", at("/bookings"), None, problem(401, "bad_credentials"), {"headers": {"Authorization": "Basic eDp5"}}
        yield "an address of nothing", "GET", "/v1/nothing", None, NOT_FOUND
        yield "a method of none", "DELETE", "/v1/stores", None, problem(405, "method_not_allowed")
        yield "an endless address", "GET", "/v1/" + "x" * 9000, None, problem(414, "uri_too_long")


class BadInput(unittest.TestCase):
    maxDiff = None

    def test_every_bad_request_is_told_what_is_wrong(self):
        for engine in musubi.engines():
            with musubi.Api(engine.url, "--public-rate", "0") as api, World(api) as world:
                before, count = musubi.settled_row_counts(engine), 0
                for what, method, path, body, expected, *options in world.cases():
                    with self.subTest(engine=str(engine), what=what):
                        self.assert_problem(self.send(world.place, method, path, body, *options), expected)
                    count += 1
                count += self.junk_for_every_operation(world)
                self.assertEqual(musubi.row_counts(engine), before)
                self.assertNotIn("panicked", api.log())
                print(f"{engine}: {count} bad requests, {sum(before.values())} rows as before", flush=True)

    def send(self, place, method, path, body, options=None):
        options = dict(options or {})
        chunks = options.pop("chunks", None)
        if chunks:
            return self.send_in_chunks(place, path, chunks)
        if method == "PATCH":
            options.setdefault("content_type", "application/merge-patch+json")
        return place.client.request(method, path, body, **options)

    def send_in_chunks(self, place, path, chunks):
        connection = http.client.HTTPConnection(place.client.api.host, place.client.api.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {place.key}", "Content-Type": "application/json"}
            connection.request("POST", path, iter(chunks), headers, encode_chunked=True)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def assert_problem(self, answer, expected):
        status, code, violations = expected
        got, headers, body = answer
        self.assertEqual((got, isinstance(body, dict) and body.get("code")), (status, code), body)
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        self.assertEqual((body["status"], body["type"]), (status, f"urn:musubi:problem:{code}"))
        self.assertEqual(body["request_id"], headers["X-Request-Id"])
        self.assertTrue(body["title"] and body["detail"])
        if violations is not None:
            self.assertEqual({(error["pointer"], error["code"]) for error in body["errors"]}, violations, body)

    def junk_for_every_operation(self, world):
        """Bodies that fit nothing, to everything that takes one: 4xx, always as a problem."""
        place, count = world.place, 0
        _, _, document = place.client.get("/openapi.json")
        junk = [b"null", b"7", b'"x"', b"[]", b'{"no_such_field":1}', b"{", b"", b'{"a":' * 300, json.dumps({SQL: EMOJI}).encode()]
        for path, operations in document["paths"].items():
            for name, value in (("tenant_id", place.tenant), ("store_id", place.store), ("date", str(place.date)), ("menu_id", place.cut)):
                path = path.replace("{" + name + "}", value)
            for method in operations.keys() & {"post", "put", "patch"}:
                if "requestBody" not in operations[method]:
                    continue
                concrete = path.replace("{resource_id}", place.stylist).replace("{customer_id}", place.guest)
                concrete = concrete.replace("{booking_id}", place.booking["id"]).replace("{option_id}", place.option)
                concrete = concrete.replace("{manage_token}", place.booking["manage_token"]).replace("{", "").replace("}", "")
                for body in junk:
                    with self.subTest(operation=f"{method} {path}", body=body[:20]):
                        status, headers, answer = self.send(place, method.upper(), concrete, body)
                        self.assertTrue(400 <= status < 500, (status, answer))
                        self.assertEqual(headers["Content-Type"], "application/problem+json")
                        self.assertTrue(answer["code"] and answer["detail"], answer)
                    count += 1
        return count


class StrangeInput(unittest.TestCase):
    def test_strange_texts_are_kept_as_they_are(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api) as place:
                menu = place.menu(SQL, resource_ids=[place.resource(EMOJI)])
                for number, text in enumerate((SQL, EMOJI, "../../etc/passwd", "<script>alert(1)</script>", "%s%n{0}${7*7}", "\u202eevil")):
                    name = f"{text} {uuid.uuid4()}"
                    clock = f"{10 + number}:00"
                    booked = shop.made(place.book(menu, clock, name, customer_notes=text))
                    _, _, read = place.client.get(place.path(f"/bookings/{booked['id']}"))
                    self.assertEqual((read["customer_name"], read["customer_notes"], read["menu_name"]), (name, text, SQL))
                    self.assertEqual([held["name"] for held in read["resources"]], [EMOJI])
                    status, _, found = place.client.get(place.path("/customers"), params={"name": name})
                    self.assertEqual((status, [one["id"] for one in found["items"]]), (200, [booked["customer_id"]]), found)
                shop.assert_consistent(self, engine, 6)


if __name__ == "__main__":
    unittest.main()
