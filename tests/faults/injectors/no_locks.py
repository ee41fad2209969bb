"""Sabotage: takes the locks of the days out of the database, to see that the auditor notices. A run with it must fail."""

import musubi

from injectors.fault import Fault

# Whoever locks a day locks a row of their own instead, on a date that nobody else asks for, and waits for nobody.
STATEMENTS = """
CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.date := DATE ''2200-01-01'' + floor(random() * 2000000)::int; RETURN NEW; END'
---
CREATE TRIGGER elsewhere BEFORE INSERT ON store_days FOR EACH ROW EXECUTE FUNCTION elsewhere()
"""


class Injector(Fault):
    name = "no-locks"
    needs = {"engines": ("postgres",)}

    def prepare(self, ground):
        # The versions of days also say what remembered answers rest on: only the locks are to be missed.
        ground.environment |= {"MUSUBI_CACHE_MB": "0"}

    def start(self, world):
        super().start(world)
        for statement in STATEMENTS.split("---"):
            musubi.query(world.engine, statement.strip())

    def step(self, rng):
        return None
