#!/usr/bin/env python3
"""Whether the time of an answer tells who has an account: interleaved calls for known and unknown addresses, compared by rank.

    tests/bench/enumeration.py [PAIRS]      200 pairs of each kind of call by default, on each engine

Each address is used so often that no limit is met, and each call comes from a client of its own. Exit code 1: told apart.
"""

import math
import pathlib
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import musubi
import person

# Below this the two distributions are taken for different. Two kinds of three calls on three engines are nine comparisons.
ALIKE = 0.001


def rank_test(ones, others):
    """The two-sided p of Mann and Whitney's U by its normal approximation, and the share of pairs in which `ones` is larger."""
    both = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    ranks, at, ties = [0.0, 0.0], 0, 0
    while at < len(both):
        end = at
        while end < len(both) and both[end][0] == both[at][0]:
            end += 1
        for _, side in both[at:end]:
            ranks[side] += (at + 1 + end) / 2
        ties += (end - at) ** 3 - (end - at)
        at = end
    n, m, whole = len(ones), len(others), len(both)
    larger = ranks[0] - n * (n + 1) / 2
    deviation = math.sqrt(n * m / 12 * (whole + 1 - ties / (whole * (whole - 1))))
    z = (larger - n * m / 2) / deviation if deviation else 0.0
    return math.erfc(abs(z) / math.sqrt(2)), larger / (n * m)


def sign_in(address):
    return "/v1/auth/sign-in", {"email": address, "password": "not the password"}, 401


def reset(address):
    return "/v1/auth/password-reset", {"email": address}, 202


def register(address):
    return "/v1/auth/register", {"email": address, "password": person.PASSWORD, "display_name": "花子"}, 202


class Clients:
    """Callers of an address each, as a proxy names them."""

    def __init__(self, api):
        self.client, self.count = musubi.Client(api), 0

    def post(self, path, body, expected):
        """How many milliseconds the answer took."""
        self.count += 1
        address = f"10.{self.count >> 16 & 255}.{self.count >> 8 & 255}.{self.count & 255}"
        begun = time.perf_counter()
        answer = self.client.post(path, body, headers={"X-Forwarded-For": address})
        taken = (time.perf_counter() - begun) * 1000
        person.ok(answer, expected)
        return taken


def measure(engine, pairs):
    """Whether known and unknown addresses are alike in all calls."""
    alike = True
    with musubi.Api(engine.url, "--public-rate", "0", "--trust-proxy", "1") as api:
        mail = person.Mail(api)
        known, unknown = ([f"{kind}-{n}@example.jp" for n in range(pairs)] for kind in ("known", "other"))
        with musubi.Client(api) as visitor:
            for address in known:
                person.register(visitor, mail, address)
        clients = Clients(api)
        for call in (sign_in, reset, register):
            times = {True: [], False: []}
            for addresses in zip(known, unknown):
                for is_known in random.sample((True, False), 2):
                    times[is_known].append(clients.post(*call(addresses[0 if is_known else 1])))
            p, larger = rank_test(times[True], times[False])
            medians = [statistics.median(times[is_known]) for is_known in (True, False)]
            print(
                f"{engine} {call.__name__}: median {medians[0]:.2f} ms known, {medians[1]:.2f} ms unknown; "
                f"known slower in {larger:.1%} of pairs, p = {p:.3f}",
                flush=True,
            )
            alike &= p >= ALIKE
    return alike


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    results = [measure(engine, pairs) for engine in musubi.engines()]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
