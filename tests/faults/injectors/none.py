"""No fault at all: whatever fails, fails by itself."""

from injectors.fault import Fault


class Injector(Fault):
    name = "none"

    def step(self, rng):
        return None
