"""No connection is left: a session of somebody else's holds the locks that every booking wants, or the server turns away."""

import time

from injectors.fault import Fault

LOCKS = "SELECT version FROM store_days FOR UPDATE"


class Injector(Fault):
    name = "pool"
    needs = {"engines": ("postgres", "mariadb"), "server": True}

    def prepare(self, ground):
        self.server = ground.server
        self.database = ground.urls[0].rsplit("/", 1)[1]

    def step(self, rng):
        if rng.random() < 0.6:
            seconds = rng.uniform(1, 9)
            self.server.hold(self.database, LOCKS, seconds)
            return f"somebody locked every day for {seconds:.1f} s"
        seconds = rng.uniform(1, 4)
        self.server.turn_away(self.database)
        time.sleep(seconds)
        self.server.let_in(self.database)
        return f"the database turned everybody away for {seconds:.1f} s"

    def stop(self):
        self.server.let_in(self.database)
