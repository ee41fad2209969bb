#!/usr/bin/env python3
"""Master keys are changed while the service runs: nobody notices, nothing is lost, and the older key can go."""

import json
import os
import subprocess
import threading
import time
import unittest

import musubi
import shop

CUSTOMERS = 300
KILLS = 3
OLD = "a" * 64


def phone(n):
    return f"090{n:08}"


def keys(api, engine, command, *more, **environment):
    """`musubi keys` on the data of a server; the running process."""
    arguments = [*musubi.tool_command("keys", command, *more), "--data-dir", str(api.folder / "data"), "--database-url", engine.url]
    return subprocess.Popen(
        arguments, env=musubi.clean_environment(**environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(process):
    """Exit code, and the JSON that it printed, else its complaint."""
    out, err = process.communicate(timeout=120)
    return process.returncode, json.loads(out) if out else err


class Callers:
    """Callers who write and look up all the time; what went wrong for them."""

    def __init__(self, place):
        self.place, self.written, self.wrong = place, {}, []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(work,)) for work in (self._add, self._look_up, self._change)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, work):
        n = 0
        while not self._stop.is_set():
            n += 1
            try:
                work(n)
            except Exception as error:
                self.wrong.append(repr(error))
                return

    def _add(self, n):
        number = phone(5_000_000 + n)
        answer = self.place.client.post(self.place.path("/customers"), {"name": "新", "phone": number}, idempotency_key=f"add-{n}")
        self.written[number] = shop.made(answer)["id"]

    def _look_up(self, n):
        found = look_up(self.place, phone(n % CUSTOMERS))
        assert len(found) == 1, found

    def _change(self, n):
        id = look_up(self.place, phone(n % CUSTOMERS))[0]["id"]
        status, _, body = self.place.client.patch(self.place.path(f"/customers/{id}"), {"email": f"c{n}@example.jp"})
        assert status == 200, (status, body)


def look_up(place, number):
    status, _, body = place.client.get(place.path("/customers"), params={"phone": number})
    assert status == 200, (status, body)
    return body["items"]


class Rotation(unittest.TestCase):
    def test_one_command_changes_the_key_file_while_callers_go_on(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), musubi.Api(engine.url) as api, shop.Shop(api) as place:
                ids = self.customers(place)
                file = api.folder / "data" / "master.key"
                old = file.read_text()
                more = [] if engine.name == "sqlite" else ["--one-machine"]
                with Callers(place) as callers:
                    for _ in range(KILLS):
                        begun = keys(api, engine, "rotate", *more)
                        while file.read_text() == old and begun.poll() is None:
                            time.sleep(0.001)
                        time.sleep(0.02)
                        begun.kill()
                        begun.communicate()
                    self.assertEqual(len(file.read_text().split()), 2, "who is killed and begins again makes no third key")
                    code, rotated = ended(keys(api, engine, "rotate", *more))
                    self.assertEqual((code, rotated["sound"]), (0, True), rotated)
                    time.sleep(0.5)
                self.assertEqual(callers.wrong, [], api.log())
                self.assertGreater(len(callers.written), 5)
                new, after = file.read_text().split()
                self.assertEqual(after, old.strip())
                self.assertEqual(file.stat().st_mode & 0o777, 0o600)

                code, checked = ended(keys(api, engine, "check"))
                self.assertEqual((code, [key["part"] for key in checked["keys"]]), (0, ["current", "older"]), checked)
                self.assertEqual(checked["keys"][1]["values"], 0, checked)
                self.assertGreater(checked["keys"][0]["values"], CUSTOMERS)

                self.assertEqual(ended(keys(api, engine, "retire"))[0], 1, "a request may still be running")
                os.utime(file, (time.time() - 120,) * 2)
                code, retired = ended(keys(api, engine, "retire"))
                self.assertEqual((code, retired.get("retired")), (0, 1), retired)
                self.assertEqual(file.read_text().split(), [new])

                api.restart()
                for n in range(0, CUSTOMERS, 17):
                    self.assertEqual([found["id"] for found in look_up(place, phone(n))], [ids[n]])
                for number, id in list(callers.written.items())[::7]:
                    self.assertEqual([found["id"] for found in look_up(place, number)], [id])
                api.stop()
                file.write_text(old)
                started = musubi.run_to_end("--data-dir", str(api.folder / "data"), "--database-url", engine.url)
                self.assertEqual(started.returncode, 2, started)
                self.assertIn("not the master key", started.stderr)
                file.write_text(new)
                api.start()

    def test_keys_of_the_environment_are_changed_in_steps(self):
        for engine in musubi.engines():
            new = "b" * 64
            with self.subTest(engine=str(engine)), musubi.Api(engine.url, MUSUBI_MASTER_KEY=OLD) as api, shop.Shop(api) as place:
                ids = self.customers(place, 20)
                code, line = ended(keys(api, engine, "rotate", MUSUBI_MASTER_KEY=OLD))
                self.assertEqual(code, 2, line)
                self.assertIn("holds one key", line)

                for together in (f"{OLD},{new}", f"{new},{OLD}"):
                    api.environment["MUSUBI_MASTER_KEY"] = together
                    api.restart()
                    self.assertEqual(look_up(place, phone(3))[0]["id"], ids[3])
                self.assertEqual(ended(keys(api, engine, "retire", MUSUBI_MASTER_KEY=together))[0], 1)
                code, rotated = ended(keys(api, engine, "rotate", MUSUBI_MASTER_KEY=together))
                self.assertEqual((code, rotated["sound"]), (0, True), rotated)
                self.assertEqual(ended(keys(api, engine, "retire", MUSUBI_MASTER_KEY=together))[0], 0)

                api.environment["MUSUBI_MASTER_KEY"] = new
                api.restart()
                self.assertEqual(look_up(place, phone(3))[0]["id"], ids[3])

    def customers(self, place, count=CUSTOMERS):
        def add(n):
            return shop.made(place.client.post(place.path("/customers"), {"name": "山田", "phone": phone(n)}))["id"]

        return [add(n) for n in range(count)]


if __name__ == "__main__":
    unittest.main()
