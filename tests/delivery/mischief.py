"""What receivers do to those who call them: decided by the run's seed, in the order in which messages come for the first time.

    name        taken  what the caller hears
    takes       yes    that it was taken
    refuses     no     500, or 451 of a mail server
    delays      no     429 with Retry-After, or 421 of a mail server
    drops       yes    nothing: the connection ends
    swallows    yes    nothing: the connection stays, for longer than the caller waits
    hangs       no     nothing, likewise
"""

import collections
import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class Act:
    name: str
    takes: bool
    answers: bool


ACTS = {
    act.name: act
    for act in (
        Act("takes", True, True),
        Act("refuses", False, True),
        Act("delays", False, True),
        Act("drops", True, False),
        Act("swallows", True, False),
        Act("hangs", False, False),
    )
}
TAKES = ACTS["takes"]

# Of a thousand first attempts. What stalls keeps a place of the worker for as long as that waits: LINE 10 s, endpoints as they are
# told, a mail server 30 s and with eight connections at most.
FIRST = {
    "line": {"refuses": 40, "delays": 40, "drops": 40, "swallows": 8, "hangs": 8},
    "webhook": {"refuses": 40, "delays": 40, "drops": 40, "swallows": 8, "hangs": 8},
    "email": {"refuses": 40, "delays": 40, "drops": 40, "swallows": 2, "hangs": 2},
}
# Of a thousand second ones, in a long run: an endpoint that fails twice is called again five minutes later.
SECOND = {
    "line": {"refuses": 30, "delays": 10, "drops": 30},
    "webhook": {"refuses": 2, "drops": 2},
    "email": {"refuses": 30, "delays": 10, "drops": 30},
}


class Mischief:
    """The acts of one receiver."""

    def __init__(self, seed, channel, twice):
        self._rng = random.Random(f"{seed}/{channel}")
        self._odds = [FIRST[channel], SECOND[channel] if twice else {}]
        self._attempts = collections.Counter()
        self.out = False
        self.over = False

    def act(self, key):
        """What is done to the next attempt at the message with this key."""
        place = self._attempts[key]
        self._attempts[key] += 1
        if self.out:
            return ACTS["refuses"]
        if self.over or place >= len(self._odds):
            return TAKES
        odds = self._odds[place]
        names = ["takes", *odds]
        weights = [1000 - sum(odds.values()), *odds.values()]
        return ACTS[self._rng.choices(names, weights)[0]]
