#!/usr/bin/env python3
"""Passkeys in a real browser, from pages on other ports than the API, as front ends have them."""

import contextlib
import unittest

import person
import stage
from browser import Device

WRONG = (401, "wrong_passkey")
REFUSED = "passkey.answer_refused"


class Passkeys(stage.InBrowser):
    @contextlib.contextmanager
    def phone(self, lie=None, **options):
        """Hanako's phone, with a passkey of hers in it; what the API told of that is `phone.added`."""
        with Device(self.browser, **options) as device:
            page = self.page(token=self.hanako.access)
            device.added = self.answers(201, page.does("addPasskey", "花子の iPhone", lie))
            yield device

    def listed(self, token=None):
        """The person's passkeys."""
        return self.answers(200, self.page(token=token or self.hanako.access).call("GET", "/v1/me/passkeys"))["items"]

    def password(self, delivery="tokens"):
        return {"email": self.hanako.address, "password": person.PASSWORD, "delivery": delivery}

    # --- what people do

    def test_a_passkey_from_its_making_to_its_end(self):
        with Device(self.browser) as device:
            page = self.page(token=self.hanako.access)
            self.age_proofs()
            self.answers((403, "step_up_required"), page.does("addPasskey", "花子の iPhone"))
            self.answers(200, page.call("POST", "/v1/me/step-up", {"password": person.PASSWORD}))
            added = self.answers(201, page.does("addPasskey", "花子の iPhone"))
            self.assertEqual((added["passkey"]["name"], added["passkey"]["transports"]), ("花子の iPhone", ["internal"]))
            self.assertEqual((len(added["recovery_codes"]), added["passkey"]["last_used_at"]), (10, None))
            kept = device.passkeys()[0]
            self.assertEqual((kept["rpId"], kept["isResidentCredential"], kept["userName"]), ("localhost", True, self.hanako.address))
            # The browser knows the device again.
            self.assertEqual(page.does("addPasskey", "once more"), ("error", "InvalidStateError"))

            # With it alone.
            signed_in = self.answers(200, page.does("signIn"))
            self.assertEqual((signed_in["outcome"], signed_in["user"]["id"]), ("signed_in", self.hanako.id))
            page.use(signed_in["tokens"]["access_token"])
            sessions = self.answers(200, page.call("GET", "/v1/me/sessions"))["items"]
            self.assertEqual([session["methods"] for session in sessions if session["current"]], [["hwk"]])

            name = f"/v1/me/passkeys/{added['passkey']['id']}"
            self.answers(200, page.call("PATCH", name, {"name": "電話"}))
            listed = self.answers(200, page.call("GET", "/v1/me/passkeys"))["items"]
            self.assertEqual([(passkey["name"], passkey["last_used_at"] is None) for passkey in listed], [("電話", False)])

            # What is dangerous asks again, and the passkey answers.
            self.age_proofs()
            self.answers((403, "step_up_required"), page.call("DELETE", name))
            self.answers((422, "second_factor_needed"), page.call("POST", "/v1/me/step-up", {"password": person.PASSWORD}))
            self.answers(200, page.does("stepUp"))
            self.answers(204, page.call("DELETE", name))
            self.assertEqual(self.answers(200, page.call("GET", "/v1/me/passkeys"))["items"], [])
            page.use(None)
            self.answers(WRONG, page.does("signIn"))
            self.assertEqual(self.answers(200, page.call("POST", "/v1/auth/sign-in", self.password()))["outcome"], "signed_in")

    def test_a_passkey_finishes_a_sign_in_with_a_password(self):
        with self.phone():
            page = self.page()
            waiting = self.answers(200, page.call("POST", "/v1/auth/sign-in", self.password("cookies")))
            self.assertEqual((waiting["outcome"], waiting["challenge"]["factors"]), ("second_factor", ["passkey", "recovery_code"]))
            self.answers(401, page.call("GET", "/v1/me"))
            finished = self.answers(200, page.does("finishSignIn", waiting["challenge"]["token"], "cookies"))
            self.assertEqual((finished["outcome"], finished["tokens"]), ("signed_in", None))
            self.assertEqual(self.answers(200, page.call("GET", "/v1/me"))["id"], self.hanako.id)
            self.answers(200, page.does("stepUp"))

    def test_a_passkey_is_offered_while_somebody_types_their_address(self):
        with self.phone():
            signed_in = self.answers(200, self.page().does("signIn", "cookies", {}, {"mediation": "conditional"}))
            self.assertEqual((signed_in["user"]["id"], signed_in["tokens"]), (self.hanako.id, None))

    def test_each_kind_of_key_and_of_device_is_taken(self):
        ed25519, p256, rsa = -8, -7, -257
        for algorithm in (ed25519, p256, rsa):
            with self.subTest(algorithm=algorithm):
                lie = {"pubKeyCredParams": [{"type": "public-key", "alg": algorithm}]}
                with self.phone(lie):
                    self.answers(200, self.page().does("signIn"))
        # A security key with a code, which older ones are.
        with self.subTest("older"), self.phone(protocol="ctap2", transport="usb", hasResidentKey=False) as key:
            self.assertEqual((key.added["passkey"]["transports"], key.passkeys()[0]["isResidentCredential"]), (["usb"], False))
            page = self.page()
            self.assertEqual(page.does("signIn"), ("error", "NotAllowedError"))
            waiting = self.answers(200, page.call("POST", "/v1/auth/sign-in", self.password()))
            self.answers(200, page.does("finishSignIn", waiting["challenge"]["token"]))

    def test_a_passkey_of_which_there_is_a_copy_says_so(self):
        with self.phone(defaultBackupEligibility=True) as phone:
            self.assertIs(phone.added["passkey"]["is_backed_up"], False)
            phone.change({"backupState": True})
            self.answers(200, self.page().does("signIn"))
            self.assertIs(self.listed()[0]["is_backed_up"], True)

    # --- what goes wrong

    def test_a_page_of_others_gets_nobody_in(self):
        with Device(self.browser):
            page = self.page(self.others.origin, self.hanako.access)
            self.answers((422, "passkey_refused"), page.does("addPasskey", "forged"))
            self.assertEqual(self.listed(), [])
        with self.phone():
            page = self.page(self.others.origin, self.hanako.access)
            self.answers(WRONG, page.does("signIn"))
            self.answers((422, "wrong_proof"), page.does("stepUp"))
            self.assertEqual(self.flaws(), [(REFUSED, "origin")] * 2)
            # There the browser itself refuses.
            self.assertEqual(self.page(self.ours.other_site).does("signIn"), ("error", "SecurityError"))

    def test_our_page_in_a_frame_of_others_gets_nobody_in(self):
        with self.phone():
            framed = self.page(self.others.origin).frame(self.ours.origin)
            self.answers(WRONG, framed.does("signIn"))
            self.assertEqual(self.flaws(), [(REFUSED, "cross_origin")])

    def test_a_device_that_does_not_ask_who_is_there_gets_nobody_in(self):
        discouraged = {"userVerification": "discouraged"}
        careless = {"authenticatorSelection": discouraged, "extensions": {}}
        with Device(self.browser, hasUserVerification=False, isUserVerified=False):
            page = self.page(token=self.hanako.access)
            self.assertEqual(page.does("addPasskey", "key"), ("error", "NotAllowedError"))
            # A page that asks for less than it should.
            problem = self.answers((422, "passkey_refused"), page.does("addPasskey", "key", careless))
            self.assertIn("did not ask", problem["detail"])
        with self.phone({"extensions": {}}) as phone:
            phone.recognises(False)
            page = self.page()
            self.assertEqual(page.does("signIn"), ("error", "NotAllowedError"))
            self.answers(WRONG, page.does("signIn", "tokens", discouraged))
            self.assertEqual(self.flaws(), [(REFUSED, "user_not_verified")])

    def test_a_copy_that_has_counted_less_far_is_refused_and_the_owner_is_not(self):
        with self.phone() as phone:
            page = self.page()
            copy = phone.passkeys()[0]
            for _ in range(2):
                self.answers(200, page.does("signIn"))
            original = phone.passkeys()[0]
            self.assertGreater(original["signCount"], copy["signCount"])
            phone.put(copy)
            self.answers(WRONG, page.does("signIn"))
            self.assertEqual(self.flaws(), [("passkey.counter_regressed", "counter")])
            phone.put(original)
            self.answers(200, page.does("signIn"))

    def test_an_answer_is_good_once_and_for_what_was_asked(self):
        with self.phone():
            page = self.page(token=self.hanako.access)
            begun = self.answers(200, page.call("POST", "/v1/auth/passkeys/begin"))
            answer = self.browser.run("return get(arguments[0])", begun)
            self.answers((422, "wrong_proof"), page.call("POST", "/v1/me/step-up", {"passkey": answer}))
            self.answers(200, page.call("POST", "/v1/auth/passkeys/finish", {"passkey": answer}))
            self.answers((401, "challenge_over"), page.call("POST", "/v1/auth/passkeys/finish", {"passkey": answer}))


if __name__ == "__main__":
    unittest.main()
