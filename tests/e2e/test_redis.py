#!/usr/bin/env python3
"""Redis is stopped, started anew and empty: nobody is let in meanwhile, and whoever is in stays."""

import base64
import hashlib
import hmac
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest

import musubi
import person
import shop

AWAY = (503, "ephemeral_unavailable")
SECONDS = 30


class Redis:
    """A private server on a port of its own, which keeps nothing on the disk."""

    def __init__(self):
        self.program = shutil.which("redis-server", path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
        if self.program is None:
            raise RuntimeError("redis-server is not installed (Debian: apt-get install redis-server)")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="musubi-redis-")
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.folder.cleanup()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        command = [self.program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", self.folder.name]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(lambda: self._answers(), "redis-server does not answer")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def _answers(self):
        assert self.process.poll() is None, "redis-server has ended: is its port taken?"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def eventually(holds, complaint):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if found := holds():
            return found
        time.sleep(0.05)
    raise AssertionError(complaint)


def code_of(secret, steps=0):
    """The code that an authenticator app shows now, or so many steps later (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start:start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def told(answer):
    """The status, and the code of the problem."""
    status, _, body = answer
    return status, (body or {}).get("code")


class RedisAway(unittest.TestCase):
    def test_nobody_comes_in_and_nobody_falls_out(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), Redis() as redis:
                with musubi.Api(engine.url, "--redis-url", redis.url) as api, musubi.Client(api) as visitor:
                    self.lose_it(api, visitor, redis)

    def lose_it(self, api, visitor, redis):
        self.assertEqual(self.is_up(visitor), 1)
        store = shop.Shop(api)
        store.resource("花子")
        menu = store.menu("カット")
        taro, hanako = person.Person(api), person.Person(api)
        secret = person.ok(hanako.client.post("/v1/me/two-factor/totp"))["secret"]
        person.ok(hanako.client.post("/v1/me/two-factor/totp/confirm", {"code": code_of(secret)}))
        credentials = {"email": hanako.address, "password": person.PASSWORD}
        challenge = person.ok(visitor.post("/v1/auth/sign-in", credentials))["challenge"]["token"]
        half = {"challenge": challenge, "code": code_of(secret, 1)}
        visitor.post("/v1/auth/register", {"email": "late@example.jp", "password": person.PASSWORD, "display_name": "遅"})
        link = {"token": hanako.mail.token("late@example.jp"), "password": person.PASSWORD}

        redis.stop()
        # Whether or not there is such a person, and whatever they know.
        for email, password in [(taro.address, person.PASSWORD), (taro.address, "wrong"), ("nobody@example.jp", "wrong")]:
            answer = visitor.post("/v1/auth/sign-in", {"email": email, "password": password})
            self.assertEqual(told(answer), AWAY)
            self.assertTrue(answer[1]["Retry-After"])
        registration = {"email": "new@example.jp", "password": person.PASSWORD, "display_name": "新"}
        for path, body in [
            ("second-factor", half),
            ("second-factor/email", {"challenge": challenge}),
            ("register", registration),
            ("verify-email", link),
            ("password-reset", {"email": taro.address}),
            ("passkeys/begin", {}),
        ]:
            self.assertEqual(told(visitor.post(f"/v1/auth/{path}", body)), AWAY, path)
        step_up = hanako.client.post("/v1/me/step-up", {"code": code_of(secret, 1)})
        self.assertEqual(told(step_up), AWAY)
        # Sessions go on, are renewed and ended, and so do bookings; the server takes part in the work.
        for someone in (taro, hanako):
            tokens = person.ok(visitor.post("/v1/auth/refresh", {"refresh_token": someone.tokens["refresh_token"]}))
            someone.tokens = tokens
            someone.client.token = tokens["access_token"]
            self.assertEqual(person.ok(someone.client.get("/v1/me"))["id"], someone.id)
        wish = {"menu_id": menu, "start": shop.at(store.date, "10:00")}
        person.ok(taro.client.post(store.path("/bookings"), wish), 201)
        person.ok(visitor.get("/readyz"))
        self.assertEqual(self.is_up(visitor), 0)

        # As another server in its place, it knows nothing.
        redis.start()
        eventually(lambda: self.is_up(visitor) == 1, "Redis is back, and the server does not see it")
        self.assertEqual(told(visitor.post("/v1/auth/second-factor", half)), (401, "challenge_over"))
        self.assertEqual(told(visitor.post("/v1/auth/sign-in", credentials | {"password": "wrong"})), (401, "wrong_credentials"))
        for someone in (taro, hanako):
            self.assertEqual(person.ok(someone.client.get("/v1/me"))["id"], someone.id)
        taro.sign_in()
        person.ok(visitor.post("/v1/auth/verify-email", link))
        again = person.ok(visitor.post("/v1/auth/sign-in", credentials))["challenge"]["token"]
        # None of the tries meanwhile has used the code up.
        finished = person.ok(visitor.post("/v1/auth/second-factor", half | {"challenge": again, "code": code_of(secret, 1)}))
        self.assertEqual(finished["user"]["id"], hanako.id)

    def is_up(self, client):
        figures = person.ok(client.get("/metrics", headers={"Accept": "*/*"}))
        return next(float(line.split()[1]) for line in figures.splitlines() if line.startswith("ephemeral_store_up "))


if __name__ == "__main__":
    unittest.main()
