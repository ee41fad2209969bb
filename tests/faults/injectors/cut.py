"""The network between the nodes and their database: reset, silent for seconds, dead without a word, slow, or cut in an answer."""

import time

import proxy
from injectors.fault import Fault


def mischief(rng):
    """A command for the proxy, and how long it lasts."""
    return rng.choice(
        [
            ("reset", 0),
            ("refuse", rng.uniform(0.5, 3)),
            ("stall", rng.uniform(0.5, 7)),
            ("hole", 0),
            (f"delay {rng.uniform(0.01, 0.1):.3f}", rng.uniform(1, 4)),
            (f"half {rng.randint(1, 8)}", 1),
        ]
    )


class Injector(Fault):
    name = "cut"
    needs = {"engines": ("postgres", "mariadb"), "server": True}

    def prepare(self, ground):
        self.proxies = []
        for number in range(len(ground.urls)):
            between = ground.stack.enter_context(proxy.Proxy(ground.server.port, seed=ground.seed + number))
            self.proxies.append(between)
            ground.urls[number] = ground.server.url(ground.urls[number].rsplit("/", 1)[1], between.port)

    def step(self, rng):
        number = rng.randrange(len(self.proxies))
        command, seconds = mischief(rng)
        self.proxies[number].say(command)
        time.sleep(seconds)
        self.proxies[number].say("pass")
        return f"database of node {number}: {command}, {seconds:.1f} s"

    def stop(self):
        for between in self.proxies:
            between.say("pass")
