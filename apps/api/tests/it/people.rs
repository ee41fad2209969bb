//! People through the router: from the first letter to the last session.

use crate::app::{Answer, TestApp};
use crate::person::{PASSWORD, Person, letter, register};
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use musubi_identity::totp::TotpSecret;
use serde_json::{Value, json};

const EMAIL: &str = "hanako@example.jp";

async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.post(path, body).anonymous().send().await
}

#[tokio::test]
async fn from_registering_to_signing_out() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let signed_in = Person::sign_in(&app, EMAIL).await;
    let me = app.get("/v1/me").key(&signed_in.access).send().await.is(200).body;
    assert_eq!((me["email"].as_str(), me["display_name"].as_str()), (Some(EMAIL), Some("花子")));
    assert_eq!(me["id"], signed_in.id);
    let caller = app.get("/v1/caller").key(&signed_in.access).send().await.is(200).body;
    assert_eq!((&caller["kind"], &caller["user_id"]), (&json!("person"), &me["id"]));

    let refresh = json!({ "refresh_token": signed_in.refresh });
    let next = post(&app, "/v1/auth/refresh", &refresh).await.is(200).body;
    let next = next["access_token"].as_str().expect("a token");
    app.get("/v1/me").key(&signed_in.access).send().await.problem(401, "bad_credentials");
    app.get("/v1/me").key(next).send().await.is(200);

    app.post("/v1/auth/sign-out", &json!({})).key(next).send().await.is(204);
    app.get("/v1/me").key(next).send().await.problem(401, "bad_credentials");
    post(&app, "/v1/auth/refresh", &refresh).await.problem(401, "session_ended");
}

#[tokio::test]
async fn a_registration_is_finished_by_who_has_both_link_and_password() {
    let app = TestApp::new().await;
    let registration = |password: &str| json!({ "email": EMAIL, "password": password, "display_name": "花子" });
    post(&app, "/v1/auth/register", &registration("a stranger has chosen")).await.is(202);
    let theirs = letter(&app, MessageKind::VerifyEmail);
    post(&app, "/v1/auth/register", &registration(PASSWORD)).await.is(202);
    let own = letter(&app, MessageKind::VerifyEmail);

    let finish = |token: &str, password: &str| json!({ "token": token, "password": password });
    let verify = "/v1/auth/verify-email";
    let missing = post(&app, verify, &json!({ "token": theirs })).await.violation();
    assert_eq!(missing, ("/password".to_owned(), "missing".to_owned()));
    let wrong = app.post(verify, &finish(&theirs, PASSWORD)).anonymous().header("accept-language", "ja").send().await;
    wrong.problem(422, "wrong_registration_password");
    assert_eq!(wrong.body["detail"], "登録時に設定したパスワードと一致しません");
    for _ in 0..4 {
        post(&app, verify, &finish(&theirs, PASSWORD)).await.problem(422, "wrong_registration_password");
    }
    let refused = post(&app, verify, &finish(&theirs, PASSWORD)).await;
    refused.problem(429, "too_many_attempts");
    assert_eq!(refused.head("retry-after"), Some("1"));

    assert_eq!(post(&app, verify, &finish(&own, PASSWORD)).await.is(200).body["email"], EMAIL);
    post(&app, verify, &finish(&own, PASSWORD)).await.problem(422, "token_spent");
    Person::sign_in(&app, EMAIL).await;
    app.clock.advance(TimeDelta::seconds(1));
    let late = finish(&theirs, "a stranger has chosen");
    post(&app, verify, &late).await.problem(422, "already_registered");
}

#[tokio::test]
async fn who_is_known_is_not_told() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "display_name": "誰か" });
    post(&app, "/v1/auth/register", &body).await.is(202);
    assert_eq!(letter(&app, MessageKind::AlreadyRegistered), "");
    let wrong = json!({ "email": EMAIL, "password": "not this one at all" });
    let unknown = json!({ "email": "nobody@example.jp", "password": "not this one at all" });
    let answers = [post(&app, "/v1/auth/sign-in", &wrong).await, post(&app, "/v1/auth/sign-in", &unknown).await];
    let told = answers.map(|answer| {
        answer.problem(401, "wrong_credentials");
        (answer.body["detail"].clone(), answer.body["title"].clone())
    });
    assert_eq!(told[0], told[1]);
    post(&app, "/v1/auth/password-reset", &json!({ "email": "nobody@example.jp" })).await.is(202);
    assert!(app.letters.empty().is_empty());
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let before = Person::sign_in(&app, EMAIL).await;
    post(&app, "/v1/auth/password-reset", &json!({ "email": EMAIL })).await.is(202);
    let token = letter(&app, MessageKind::PasswordReset);
    let new = json!({ "token": token, "new_password": "another horse battery" });
    post(&app, "/v1/auth/password-reset/confirm", &new).await.is(204);
    letter(&app, MessageKind::PasswordChanged);
    post(&app, "/v1/auth/password-reset/confirm", &new).await.problem(422, "token_spent");
    app.get("/v1/me").key(&before.access).send().await.problem(401, "bad_credentials");
    let old = json!({ "email": EMAIL, "password": PASSWORD });
    post(&app, "/v1/auth/sign-in", &old).await.problem(401, "wrong_credentials");
    let new = json!({ "email": EMAIL, "password": "another horse battery" });
    post(&app, "/v1/auth/sign-in", &new).await.is(200);
}

#[tokio::test]
async fn a_password_and_an_address_are_changed() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let (here, there) = (Person::sign_in(&app, EMAIL).await, Person::sign_in(&app, EMAIL).await);
    let change = json!({ "present_password": PASSWORD, "new_password": "another horse battery" });
    app.post("/v1/me/password", &change).key(&here.access).send().await.is(204);
    letter(&app, MessageKind::PasswordChanged);
    app.get("/v1/me").key(&there.access).send().await.problem(401, "bad_credentials");
    app.post("/v1/me/password", &change).key(&here.access).send().await.problem(422, "wrong_password");

    let new = json!({ "email": "hanako@new.example.jp" });
    app.post("/v1/me/email", &new).key(&here.access).send().await.is(202);
    let token = letter(&app, MessageKind::VerifyNewEmail);
    let me = post(&app, "/v1/auth/confirm-email", &json!({ "token": token })).await.is(200).body;
    assert_eq!(me["email"], "hanako@new.example.jp");
    letter(&app, MessageKind::EmailChanged);
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let mut signed_in = Vec::new();
    for _ in 0..3 {
        signed_in.push(Person::sign_in(&app, EMAIL).await);
    }
    let [first, second, third] = [0, 1, 2].map(|index: usize| signed_in[index].access.as_str());
    let list = app.get("/v1/me/sessions").key(first).send().await.is(200).body;
    let list = list["items"].as_array().expect("items");
    let current: Vec<_> = list.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((list.len(), current.len()), (3, 1));
    assert_eq!(current[0]["id"], signed_in[0].session);
    let other = &signed_in[1].session;
    app.delete(format!("/v1/me/sessions/{other}")).key(first).send().await.is(204);
    app.delete(format!("/v1/me/sessions/{other}")).key(first).send().await.problem(404, "not_found");
    app.get("/v1/me").key(second).send().await.problem(401, "bad_credentials");
    app.get("/v1/me").key(third).send().await.is(200);
    app.delete("/v1/me/sessions").key(first).send().await.is(204);
    app.get("/v1/me").key(third).send().await.problem(401, "bad_credentials");
    app.get("/v1/me").key(first).send().await.is(200);
}

#[tokio::test]
async fn the_last_account_stays_and_a_person_can_go() {
    let app = TestApp::new().await;
    register(&app, EMAIL).await;
    let signed_in = Person::sign_in(&app, EMAIL).await;
    let accounts = app.get("/v1/me/accounts").key(&signed_in.access).send().await.is(200).body;
    let account = accounts["items"][0]["id"].as_str().expect("an id");
    assert_eq!(accounts["items"][0]["provider"], "local");
    let unlink = app.delete(format!("/v1/me/accounts/{account}")).key(&signed_in.access).send().await;
    unlink.problem(422, "last_account");
    app.delete("/v1/me").key(&signed_in.access).send().await.is(204);
    app.get("/v1/me").key(&signed_in.access).send().await.problem(401, "bad_credentials");
    // The address is free again.
    register(&app, EMAIL).await;
}

#[tokio::test]
async fn keys_are_nobody_and_people_are_no_operators() {
    let app = TestApp::new().await;
    app.get("/v1/me").send().await.problem(403, "person_only");
    app.get("/v1/me").anonymous().send().await.problem(401, "unauthenticated");
    register(&app, EMAIL).await;
    let signed_in = Person::sign_in(&app, EMAIL).await;
    let tenant = json!({ "name": "x" });
    app.post("/v1/tenants", &tenant).key(&signed_in.access).send().await.problem(403, "operator_only");
}

#[tokio::test]
async fn a_second_factor_is_set_up_asked_for_and_removed() {
    let app = TestApp::new().await;
    let person = Person::sign_up(&app, EMAIL).await;
    let begun = app.post("/v1/me/two-factor/totp", &json!({})).key(&person.access).send().await.is(200).body;
    assert!(begun["qr_svg"].as_str().is_some_and(|svg| svg.contains("<svg")), "{begun:#}");
    assert!(begun["otpauth_uri"].as_str().is_some_and(|uri| uri.starts_with("otpauth://totp/Musubi")), "{begun:#}");
    let secret = TotpSecret::from_base32(begun["secret"].as_str().expect("a secret")).expect("base 32");
    let confirm = json!({ "code": code(&app, &secret) });
    let confirmed = app.post("/v1/me/two-factor/totp/confirm", &confirm).key(&person.access).send().await.is(200).body;
    letter(&app, MessageKind::TwoFactorChanged);
    let recovery = confirmed["recovery_codes"].as_array().expect("codes").clone();
    let status = app.get("/v1/me/two-factor").key(&person.access).send().await.is(200).body;
    assert_eq!(status["recovery_codes_left"], recovery.len());

    // A password is half of a sign-in now, and a code works once.
    let half = challenge(&app).await;
    let used = json!({ "challenge": half, "code": confirm["code"] });
    post(&app, "/v1/auth/second-factor", &used).await.problem(401, "wrong_code");
    for (field, text) in [("code", "12345"), ("email_code", "1234567"), ("recovery_code", "7ZK4M")] {
        let malformed = post(&app, "/v1/auth/second-factor", &json!({ "challenge": half, field: text })).await;
        assert_eq!(malformed.violation(), (format!("/{field}"), "bad_format".to_owned()));
    }
    app.clock.advance(TimeDelta::seconds(30));
    let fresh = json!({ "challenge": half, "code": code(&app, &secret) });
    let signed_in = post(&app, "/v1/auth/second-factor", &fresh).await.is(200).body;
    assert_eq!(signed_in["outcome"], "signed_in");
    post(&app, "/v1/auth/second-factor", &fresh).await.problem(401, "challenge_over");

    // By a mailed code, and by a recovery code.
    let half = challenge(&app).await;
    post(&app, "/v1/auth/second-factor/email", &json!({ "challenge": half })).await.is(202);
    let mailed = letter(&app, MessageKind::SignInCode);
    let mailed = json!({ "challenge": half, "email_code": mailed });
    post(&app, "/v1/auth/second-factor", &mailed).await.is(200);
    let spare = json!({ "challenge": challenge(&app).await, "recovery_code": recovery[0] });
    post(&app, "/v1/auth/second-factor", &spare).await.is(200);
    letter(&app, MessageKind::RecoveryCodeUsed);
    let again = json!({ "challenge": challenge(&app).await, "recovery_code": recovery[0] });
    post(&app, "/v1/auth/second-factor", &again).await.problem(401, "wrong_code");
    let both = json!({ "challenge": "mst_x", "code": "1", "email_code": "2" });
    assert_eq!(post(&app, "/v1/auth/second-factor", &both).await.violation().1, "not_one_of");

    // What is dangerous needs a fresh proof, which a password alone is no more.
    let access = signed_in.pointer("/tokens/access_token").and_then(Value::as_str).expect("a token");
    app.clock.advance(TimeDelta::minutes(9));
    let refreshed = json!({ "refresh_token": signed_in.pointer("/tokens/refresh_token") });
    app.clock.advance(TimeDelta::minutes(2));
    let next = post(&app, "/v1/auth/refresh", &refreshed).await.is(200).body;
    let next = next["access_token"].as_str().expect("a token");
    app.delete("/v1/me/two-factor/totp").key(access).send().await.problem(401, "bad_credentials");
    app.delete("/v1/me/two-factor/totp").key(next).send().await.problem(403, "step_up_required");
    let password = json!({ "password": PASSWORD });
    app.post("/v1/me/step-up", &password).key(next).send().await.problem(422, "second_factor_needed");
    let proof = json!({ "code": code(&app, &secret) });
    app.post("/v1/me/step-up", &proof).key(next).send().await.is(200);
    app.delete("/v1/me/two-factor/totp").key(next).send().await.is(204);
    letter(&app, MessageKind::TwoFactorChanged);
    Person::sign_in(&app, EMAIL).await;
}

fn code(app: &TestApp, secret: &TotpSecret) -> String {
    secret.code_at(app.clock_now()).expose().to_owned()
}

/// The challenge of a sign-in with the right password.
async fn challenge(app: &TestApp) -> String {
    let half = post(app, "/v1/auth/sign-in", &json!({ "email": EMAIL, "password": PASSWORD })).await.is(200).body;
    assert_eq!((&half["outcome"], &half["tokens"]), (&json!("second_factor"), &Value::Null));
    half.pointer("/challenge/token").and_then(Value::as_str).expect("a token").to_owned()
}

#[tokio::test]
async fn a_password_that_everybody_knows_is_refused() {
    let app = TestApp::new().await;
    for (password, code) in [("short", "too_short"), ("password123", "common"), (EMAIL, "personal")] {
        let body = json!({ "email": EMAIL, "password": password, "display_name": "花子" });
        let violation = post(&app, "/v1/auth/register", &body).await.violation();
        assert_eq!(violation, ("/password".to_owned(), code.to_owned()), "{password}");
    }
}

#[tokio::test]
async fn guessers_are_told_to_wait_whether_or_not_there_is_an_account() {
    let app = TestApp::new().await;
    register(&app, "hanako@example.jp").await;
    for email in ["hanako@example.jp", "nobody@example.jp"] {
        let guess = || app.post("/v1/auth/sign-in", &json!({ "email": email, "password": "wrong" })).anonymous();
        for _ in 0..5 {
            guess().send().await.problem(401, "wrong_credentials");
        }
        for wait in [1, 2, 4] {
            let refused = guess().header("accept-language", "ja").send().await;
            refused.problem(429, "too_many_attempts");
            assert_eq!(refused.head("retry-after"), Some(wait.to_string().as_str()));
            assert_eq!(refused.body["detail"], "試行回数が多すぎます。しばらくしてからお試しください");
            app.clock.advance(TimeDelta::seconds(wait));
            guess().send().await.problem(401, "wrong_credentials");
        }
        guess().from("203.0.113.7").send().await.problem(401, "wrong_credentials");
    }
}
