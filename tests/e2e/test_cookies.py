#!/usr/bin/env python3
"""Sign-ins with cookies in a real browser: what its own pages can do, and what those of others cannot."""

import unittest
import urllib.parse

import browser
import issuer
import person
import stage

BINDING = "__Host-musubi_oidc"
ACCESS, REFRESH = "__Host-musubi_access", "__Secure-musubi_refresh"


class Cookies(stage.InBrowser):
    def sign_in(self, page):
        """Signs Hanako in; the cookies that this leaves."""
        credentials = {"email": self.hanako.address, "password": person.PASSWORD, "delivery": "cookies"}
        signed_in = self.answers(200, page.call("POST", "/v1/auth/sign-in", credentials))
        self.assertEqual((signed_in["outcome"], signed_in["tokens"]), ("signed_in", None))
        return self.browser.cookies()

    def assert_signed_in(self):
        """In this browser, on our page."""
        self.assertEqual(self.answers(200, self.page().call("GET", "/v1/me"))["id"], self.hanako.id)

    def test_from_the_sign_in_to_the_sign_out(self):
        page = self.page()
        first = self.sign_in(page)
        scopes = {name: (cookie["path"], cookie["sameSite"], cookie["secure"], cookie["httpOnly"]) for name, cookie in first.items()}
        self.assertEqual(scopes, {ACCESS: ("/", "Lax", True, True), REFRESH: ("/v1/auth", "Strict", True, True)})
        self.assertEqual(self.browser.run("return document.cookie"), "")
        self.assert_signed_in()

        # Ten minutes later the browser has dropped the access token.
        self.browser.forget(ACCESS)
        self.answers(401, page.call("GET", "/v1/me"))
        self.answers(204, page.call("POST", "/v1/auth/refresh"))
        second = self.browser.cookies()
        self.assertEqual([second[name]["value"] == first[name]["value"] for name in (ACCESS, REFRESH)], [False, False])
        self.assert_signed_in()

        self.answers(204, page.call("POST", "/v1/auth/sign-out"))
        self.assertEqual(self.browser.cookies(), {})
        self.answers(401, page.call("GET", "/v1/me"))
        self.answers((401, "session_ended"), page.call("POST", "/v1/auth/refresh"))

    def test_a_page_of_the_same_site_that_is_not_named_can_do_nothing(self):
        self.sign_in(self.page())
        stranger = self.page(self.strangers.origin)
        # Its calls bring the cookies along, and nothing back.
        for method, path in (("GET", "/v1/me"), ("POST", "/v1/auth/sign-out"), ("POST", "/v1/auth/refresh")):
            self.assertEqual(stranger.call(method, path), ("error", "TypeError"))
        for path in ("/v1/auth/sign-out", "/v1/auth/refresh"):
            problem = self.page(self.strangers.origin).send_form(path, {})
            self.assertEqual((problem["status"], problem["code"]), (403, "cross_site_request"))
        self.assert_signed_in()

    def test_a_page_of_another_site_has_no_cookies_to_send_or_to_leave(self):
        self.sign_in(self.page())
        problem = self.page(self.strangers.other_site).send_form("/v1/auth/sign-out", {})
        self.assertEqual((problem["status"], problem["code"]), (415, "unsupported_media_type"))
        self.assert_signed_in()

        self.browser.forget()
        forged = {"email": self.hanako.address, "password": person.PASSWORD, "delivery": "cookies"}
        problem = self.page(self.strangers.other_site).send_form("/v1/auth/sign-in", forged)
        self.assertEqual((problem["status"], self.browser.cookies()), (415, {}))

    def test_a_named_page_of_another_site_does_with_tokens(self):
        page = self.page(self.ours.other_site)
        self.assertEqual(self.sign_in(page), {})
        self.answers(401, page.call("GET", "/v1/me"))
        credentials = {"email": self.hanako.address, "password": person.PASSWORD}
        tokens = self.answers(200, page.call("POST", "/v1/auth/sign-in", credentials))["tokens"]
        page.use(tokens["access_token"])
        self.assertEqual(self.answers(200, page.call("GET", "/v1/me"))["id"], self.hanako.id)


@unittest.skipUnless(issuer.WANTED, "MUSUBI_TEST_NODE=off")
class Issuers(stage.InBrowser):
    @classmethod
    def more_settings(cls):
        cls.back = f"{cls.ours.origin}/back"
        return cls.enterClassContext(issuer.Issuer(cls.back)).settings(corp="ES256")

    def test_the_browser_comes_back_with_the_cookie_with_which_it_set_out(self):
        begun = self.answers(200, self.page().call("POST", "/v1/auth/issuers/corp/begin", {"redirect_uri": self.back}))
        self.assertEqual(self.browser.cookies()[BINDING]["value"], begun["binding"])
        self.browser.open(begun["url"])
        self.submit({"login": "hanako", "password": "whatever"})
        self.submit({})
        address = browser.wait_for(lambda: self.browser.address().startswith(self.back) and self.browser.address(), "the way back")
        answer = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))

        page = self.page()
        brought = {name: answer[name] for name in ("state", "code", "iss")} | {"delivery": "cookies"}
        signed_in = self.answers(200, page.call("POST", "/v1/auth/issuers/corp/finish", brought))
        self.assertEqual((signed_in["user"]["email"], signed_in["tokens"]), (issuer.PERSON["email"], None))
        self.assertEqual(BINDING in self.browser.cookies(), False)
        self.assertEqual(self.answers(200, page.call("GET", "/v1/me"))["id"], signed_in["user"]["id"])

        # A page of others brings the answer of its own way, which this browser never went.
        stolen = self.answers(200, self.page().call("POST", "/v1/auth/issuers/corp/begin", {"redirect_uri": self.back}))
        self.browser.forget(BINDING)
        forged = {"state": stolen["state"], "code": "a"}
        self.answers((401, "sign_in_state"), self.page().call("POST", "/v1/auth/issuers/corp/finish", forged))

    def submit(self, fields):
        """Fills in the issuer's form and sends it; returns when another page is there."""
        browser.wait_for(self.browser.text, "the issuer's page")
        before = self.browser.address()
        script = """const form = document.querySelector("form");
            for (const [name, value] of Object.entries(arguments[0])) form.elements[name].value = value;
            form.requestSubmit();"""
        self.browser.run(script, fields)
        browser.wait_for(lambda: self.browser.address() != before, "the issuer's next page")


if __name__ == "__main__":
    unittest.main()
