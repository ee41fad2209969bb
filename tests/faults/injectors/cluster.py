"""A Galera cluster, and nothing done to it: every node takes writes all the time."""

from injectors.fault import Fault


class Injector(Fault):
    name = "cluster"
    needs = {"engines": ("mariadb",), "nodes": 3, "cluster": True}

    def step(self, rng):
        return None
