"""What every fault is, unless it says otherwise."""


class Fault:
    name = None
    needs = {}

    def prepare(self, ground):
        """Changes what the run stands on, before the nodes start."""

    def start(self, world):
        """Before the workload."""
        self.world = world

    def step(self, rng):
        """Does its mischief once, and says in a few words what it did."""
        raise NotImplementedError

    def stop(self):
        """Undoes whatever still lasts."""

    def note(self, text, **fields):
        self.world.journal.note(text, **fields)
