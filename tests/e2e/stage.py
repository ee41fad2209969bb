"""A stage for tests in a browser: the program on the first engine, two front ends, one browser, all on ports of their own.

The API is at `localhost`, as are the pages: to a browser that is one site, and three origins.
"""

import json
import unittest

import browser
import front_end
import musubi
import person

# When everything that anybody has proven is too old, as each engine writes it.
_LONG_AGO = {"sqlite": "2020-01-01T00:00:00.000000Z", "postgres": "2020-01-01 00:00:00Z", "mariadb": "2020-01-01 00:00:00"}


@unittest.skipUnless(browser.WANTED, "MUSUBI_TEST_BROWSER=off")
class InBrowser(unittest.TestCase):
    """The program, for whose passkeys `ours` is the only page; `others` and `ours` under its other name may call, too."""

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(browser.Browser())
        engines = musubi.engines()
        cls.addClassCleanup(engines.close)
        cls.engine = next(engines)
        cls.ours, cls.others, cls.strangers = (cls.enterClassContext(front_end.FrontEnd()) for _ in range(3))
        allowed = ",".join([cls.ours.origin, cls.ours.other_site, cls.others.origin])
        settings = ["--allowed-origins", allowed, "--webauthn-rp-id", "localhost", "--webauthn-origins", cls.ours.origin]
        cls.api = cls.enterClassContext(musubi.Api(cls.engine.url, *settings, "--public-rate", "0", **cls.more_settings()))

    @classmethod
    def more_settings(cls):
        """Settings that a test needs beyond these."""
        return {}

    def setUp(self):
        self.browser.forget()
        self.hanako = person.Person(self.api)

    def page(self, origin=None, token=None):
        """The browser at a page, by default of ours, which calls with this token or with cookies."""
        return front_end.Page(self.browser, origin or self.ours.origin, self.api, token)

    def answers(self, expected, answer):
        """The body of an answer that must have this status, or this status and code."""
        status, body = answer
        found = (status, body.get("code")) if isinstance(expected, tuple) else status
        self.assertEqual(found, expected, body)
        return body

    def age_proofs(self):
        """From now on whatever anybody has proven was proven long ago."""
        then = _LONG_AGO[self.engine.name]
        musubi.query(self.engine, f"UPDATE sessions SET created_at = '{then}'")
        musubi.query(self.engine, f"UPDATE step_ups SET authenticated_at = '{then}'")

    def flaws(self):
        """What was wrong with answers of Hanako's passkeys, as her audit chain has it, the oldest first."""
        wrong = "'passkey.answer_refused', 'passkey.counter_regressed'"
        chain = f"SELECT action, after_data FROM audit_log WHERE chain = 'person:{self.hanako.id}'"
        rows = musubi.query(self.engine, f"{chain} AND action IN ({wrong}) ORDER BY seq")
        return [(action, json.loads(after)["flaw"]) for action, after in rows]
