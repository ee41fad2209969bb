"""People as the tests want them: registered over HTTP, with the links that the server wrote as mail into its folder."""

import email
import email.policy
import itertools
import re
import time

import musubi

PASSWORD = "correct horse battery"
MAIL_SECONDS = 20

_numbers = itertools.count(1)


def ok(answer, expected=200):
    """The body of an answer that must have this status."""
    status, _, body = answer
    assert status == expected, (status, body)
    return body


class Mail:
    """What the server has written to people, read from the folder into which it writes without SMTP."""

    def __init__(self, api):
        self.folder = api.folder / "data" / "outbox"

    def to(self, address):
        """The texts to this address, the oldest first."""
        letters = []
        for file in sorted(self.folder.glob("*.eml")):
            letter = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
            if letter["To"].addresses[0].addr_spec == address:
                letters.append(letter.get_body(("plain",)).get_content())
        return letters

    def newest(self, address, pattern, after=0):
        """What the pattern's group finds in the newest letter beyond the first `after`; it is on its way, so this waits."""
        deadline = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < deadline:
            for text in reversed(self.to(address)[after:]):
                if found := re.search(pattern, text):
                    return found[1]
            time.sleep(0.02)
        raise AssertionError(f"no letter to {address} has {pattern}: {self.to(address)}")

    def token(self, address, after=0):
        """The token of the newest link."""
        return self.newest(address, r"\b(mso_[\w-]{43})", after)


class Person:
    """Somebody who has registered, proven their address, and signed in; `client` calls with their access token."""

    def __init__(self, api, address=None):
        self.api = api
        self.mail = Mail(api)
        self.address = address or f"person-{next(_numbers)}@example.jp"
        with musubi.Client(api) as visitor:
            register(visitor, self.mail, self.address)
        self.sign_in()

    def sign_in(self):
        """On another device: `client` calls from there from now on."""
        with musubi.Client(self.api) as visitor:
            signed_in = ok(visitor.post("/v1/auth/sign-in", {"email": self.address, "password": PASSWORD}))
        self.id, self.session, self.tokens = signed_in["user"]["id"], signed_in["session_id"], signed_in["tokens"]
        self.client = musubi.Client(self.api, self.tokens["access_token"])

    @property
    def access(self):
        """Their access token."""
        return self.tokens["access_token"]


def register(visitor, mail, address):
    """Registers somebody, who follows the link and shows the password again."""
    sent = len(mail.to(address))
    ok(visitor.post("/v1/auth/register", {"email": address, "password": PASSWORD, "display_name": "花子"}), 202)
    ok(visitor.post("/v1/auth/verify-email", {"token": mail.token(address, sent), "password": PASSWORD}))
