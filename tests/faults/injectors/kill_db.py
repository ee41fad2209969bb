"""The database server is killed, or stopped without regard to what runs, and started again after a moment."""

import time

from injectors.fault import Fault


class Injector(Fault):
    name = "kill-db"
    needs = {"engines": ("postgres", "mariadb"), "server": True}

    def prepare(self, ground):
        self.server = ground.server

    def step(self, rng):
        end, told = rng.choice([(self.server.kill, "killed"), (self.server.stop_immediate, "stopped at once")])
        end()
        self.note(f"the database was {told}")
        away = rng.uniform(0, 3)
        time.sleep(away)
        self.server.restart()
        return f"the database, {told}, is back after {away:.1f} s"

    def stop(self):
        if not self.server.running():
            self.server.restart()
