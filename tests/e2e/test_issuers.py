#!/usr/bin/env python3
"""People sign in through a certified OpenID Connect provider, from its first page to their own things."""

import unittest

import issuer
import musubi


def set_out(client, path="/v1/auth/issuers/corp/begin", token=None, **more):
    headers = {"Authorization": f"Bearer {token}"} if token else None
    status, _, begun = client.post(path, {"redirect_uri": issuer.BACK} | more, headers=headers)
    assert status == 200, begun
    return begun


def bring(client, begun, answer, path="/v1/auth/issuers/corp/finish", token=None):
    headers = {"Authorization": f"Bearer {token}"} if token else None
    known = {name: answer[name] for name in ("state", "code", "error", "iss") if name in answer}
    return client.post(path, known | {"binding": begun["binding"]}, headers=headers)


@unittest.skipUnless(issuer.WANTED, "MUSUBI_TEST_NODE=off")
class SignIn(unittest.TestCase):
    def test_a_person_signs_in_and_links_on_every_engine(self):
        for engine in musubi.engines():
            with self.subTest(engine=str(engine)), issuer.Issuer() as provider:
                settings = provider.settings(corp="RS256", other="ES256")
                with musubi.Api(engine.url, **settings) as api, musubi.Client(api) as client:
                    self.sign_in_and_link(api, client)

    def sign_in_and_link(self, api, client):
        self.assertEqual(client.get("/v1/auth/issuers")[2], {"items": [{"name": "corp"}, {"name": "other"}]})
        begun = set_out(client)
        answer = issuer.Browser().agree(begun["url"])
        status, headers, signed_in = bring(client, begun, answer)
        self.assertEqual(status, 200, signed_in)
        self.assertIn("__Host-musubi_oidc=;", headers["Set-Cookie"])
        access = signed_in["tokens"]["access_token"]
        status, _, me = client.get("/v1/me", headers={"Authorization": f"Bearer {access}"})
        self.assertEqual((status, me["email"], me["display_name"]), (200, issuer.PERSON["email"], issuer.PERSON["name"]))
        self.assertIsNotNone(me["email_verified_at"])

        # The same answer is good no more.
        status, _, problem = bring(client, begun, answer)
        self.assertEqual((status, problem["code"]), (401, "sign_in_state"))

        # Another account of theirs.
        linking = set_out(client, "/v1/me/accounts", access, issuer="other")
        other = issuer.Browser().agree(linking["url"])
        status, _, linked = bring(client, linking, other, "/v1/me/accounts/finish", access)
        self.assertEqual((status, [item["provider"] for item in linked.get("items", [])]), (200, ["corp", "other"]), linked)
        again = set_out(client, "/v1/auth/issuers/other/begin")
        status, _, back = bring(client, again, issuer.Browser().agree(again["url"]), "/v1/auth/issuers/other/finish")
        self.assertEqual((status, back["user"]["id"]), (200, me["id"]), back)

        log = api.log()
        secrets = [begun["state"], begun["binding"], answer["code"], access, issuer.SECRET, issuer.PERSON["email"]]
        self.assertEqual([secret for secret in secrets if secret in log], [])

    def test_who_did_not_set_out_or_gave_up_is_not_let_in(self):
        with musubi.fresh_database("sqlite") as url, issuer.Issuer() as provider:
            with musubi.Api(url, **provider.settings(corp="PS256", other="EdDSA")) as api, musubi.Client(api) as client:
                victim, thief = set_out(client), set_out(client)
                answer = issuer.Browser().agree(thief["url"])
                status, _, problem = bring(client, victim, answer)
                self.assertEqual((status, problem["code"]), (401, "sign_in_state"))

                begun = set_out(client)
                status, _, problem = bring(client, begun, issuer.Browser().agree(begun["url"]), "/v1/auth/issuers/other/finish")
                self.assertEqual((status, problem["code"]), (401, "sign_in_issuer"))

                begun = set_out(client)
                status, _, problem = bring(client, begun, issuer.Browser().give_up(begun["url"]))
                self.assertEqual((status, problem["code"]), (422, "sign_in_given_up"))

                # The code of another sign-in, put into one's own answer.
                begun, stolen = set_out(client), set_out(client)
                code = issuer.Browser().agree(stolen["url"])["code"]
                status, _, problem = bring(client, begun, issuer.Browser().agree(begun["url"]) | {"code": code})
                self.assertEqual((status, problem["code"]), (401, "sign_in_code"))

    def test_an_issuer_that_is_away_keeps_nobody_from_starting(self):
        with issuer.Issuer() as provider:
            settings = provider.settings(corp="RS256")
        with musubi.fresh_database("sqlite") as url, musubi.Api(url, **settings) as api, musubi.Client(api) as client:
            status, headers, problem = client.post("/v1/auth/issuers/corp/begin", {"redirect_uri": issuer.BACK})
            self.assertEqual((status, problem["code"]), (503, "issuer_unavailable"))
            self.assertIn("Retry-After", headers)

    def test_a_wrong_setting_is_one_line(self):
        ended = musubi.run_to_end(MUSUBI_OIDC_CORP_ISSUER="http://id.example.jp")
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertEqual(ended.stderr, "musubi-api: MUSUBI_OIDC_CORP_CLIENT_ID is missing\n")


if __name__ == "__main__":
    unittest.main()
