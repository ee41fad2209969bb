//! Passkeys through the router, with a device that signs.

use crate::app::{Answer, ORIGIN, TestApp};
use crate::person::{PASSWORD, Person, letter, register};
use musubi_identity::message::MessageKind;
use musubi_webauthn::testing::Authenticator;
use serde_json::{Value, json};

const EMAIL: &str = "hanako@example.jp";

async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.post(path, body).anonymous().send().await
}

/// Adds the device's passkey to somebody.
async fn add(app: &TestApp, by: &str, device: &mut Authenticator) -> Value {
    let asked = app.call(axum::http::Method::POST, "/v1/me/passkeys/begin").key(by).send().await.is(200).body;
    let made = json!({
        "ceremony": asked["ceremony"],
        "name": "花子の iPhone",
        "credential": device.create(&asked["options"]),
    });
    let added = app.post("/v1/me/passkeys", &made).key(by).send().await.is(201).body;
    letter(app, MessageKind::TwoFactorChanged);
    added
}

/// What the device answers to what was asked.
fn answer(asked: &Value, device: &mut Authenticator) -> Value {
    json!({ "ceremony": asked["ceremony"], "credential": device.get(&asked["options"]) })
}

async fn come(app: &TestApp, device: &mut Authenticator) -> Answer {
    let asked = post(app, "/v1/auth/passkeys/begin", &json!({})).await.is(200).body;
    post(app, "/v1/auth/passkeys/finish", &json!({ "passkey": answer(&asked, device) })).await
}

#[tokio::test]
async fn a_passkey_from_its_making_to_its_end() {
    let app = TestApp::new().await;
    let person = Person::sign_up(&app, EMAIL).await;
    let mut device = Authenticator::new(ORIGIN);
    let added = add(&app, &person.access, &mut device).await;
    assert_eq!(added["recovery_codes"].as_array().map(Vec::len), Some(10));
    assert_eq!(added["passkey"]["transports"], json!(["hybrid", "internal"]));

    let signed_in = come(&app, &mut device).await.is(200).body;
    assert_eq!((&signed_in["outcome"], &signed_in["user"]["id"]), (&json!("signed_in"), &json!(person.id)));
    let access = signed_in["tokens"]["access_token"].as_str().expect("a token");
    let sessions = app.get("/v1/me/sessions").key(access).send().await.is(200).body;
    let sessions = sessions["items"].as_array().expect("items");
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["methods"]), (1, &json!(["hwk"])));

    let passkey = format!("/v1/me/passkeys/{}", added["passkey"]["id"].as_str().expect("an id"));
    let renamed = app.patch(&passkey, &json!({ "name": "phone" })).key(access).send().await.is(200).body;
    let list = app.get("/v1/me/passkeys").key(access).send().await.is(200).body;
    assert_eq!((&list["items"], &renamed["name"]), (&json!([renamed]), &json!("phone")));
    assert!(renamed["last_used_at"].is_string());
    // As the device has them.
    let proof = answer(&post(&app, "/v1/auth/passkeys/begin", &json!({})).await.is(200).body, &mut device);
    assert_eq!(renamed["credential_id"], proof["credential"]["id"]);
    assert_eq!(list["user_handle"], proof["credential"]["response"]["userHandle"]);
    app.patch(&passkey, &json!({ "name": "two\nlines" })).key(access).send().await.problem(400, "invalid_request");

    app.delete(&passkey).key(access).send().await.is(204);
    letter(&app, MessageKind::TwoFactorChanged);
    app.delete(&passkey).key(access).send().await.problem(404, "not_found");
    app.patch(&passkey, &json!({ "name": "a" })).key(access).send().await.problem(404, "not_found");
    come(&app, &mut device).await.problem(401, "wrong_passkey");
}

#[tokio::test]
async fn wrong_answers_look_alike_and_open_nothing() {
    let app = TestApp::new().await;
    let person = Person::sign_up(&app, EMAIL).await;
    let mut device = Authenticator::new(ORIGIN);
    add(&app, &person.access, &mut device).await;

    let lies: [fn(&mut Authenticator); 5] = [
        |device| device.origin = "http://localhost:8081".to_owned(),
        |device| device.party = Some("example.jp".to_owned()),
        |device| device.cross_origin = true,
        |device| device.verifies = false,
        |device| device.credential = vec![7; 32],
    ];
    let honest = (device.origin.clone(), device.credential.clone());
    let mut told = Vec::new();
    for lie in lies {
        lie(&mut device);
        let refused = come(&app, &mut device).await;
        refused.problem(401, "wrong_passkey");
        told.push(refused.body["detail"].clone());
        (device.origin, device.credential) = honest.clone();
        (device.party, device.cross_origin, device.verifies) = (None, false, true);
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");

    let asked = post(&app, "/v1/auth/passkeys/begin", &json!({})).await.is(200).body;
    let used = json!({ "passkey": answer(&asked, &mut device) });
    post(&app, "/v1/auth/passkeys/finish", &used).await.is(200);
    post(&app, "/v1/auth/passkeys/finish", &used).await.problem(401, "challenge_over");
    // A copy that has counted less far.
    device.count = Some(1);
    come(&app, &mut device).await.problem(401, "wrong_passkey");
}

#[tokio::test]
async fn a_passkey_finishes_a_sign_in_and_proves_again() {
    let app = TestApp::new().await;
    let person = Person::sign_up(&app, EMAIL).await;
    let mut device = Authenticator::new(ORIGIN);
    add(&app, &person.access, &mut device).await;
    let credentials = json!({ "email": EMAIL, "password": PASSWORD });
    let waiting = post(&app, "/v1/auth/sign-in", &credentials).await.is(200).body;
    assert_eq!(waiting["challenge"]["factors"], json!(["passkey", "recovery_code"]));
    let challenge = waiting["challenge"]["token"].clone();
    let asked = post(&app, "/v1/auth/second-factor/passkey", &json!({ "challenge": challenge })).await.is(200).body;
    assert_eq!(asked["options"]["allowCredentials"].as_array().map(Vec::len), Some(1));
    let proof = json!({ "challenge": challenge, "passkey": answer(&asked, &mut device) });
    let signed_in = post(&app, "/v1/auth/second-factor", &proof).await.is(200).body;
    let access = signed_in["tokens"]["access_token"].as_str().expect("a token");

    let begin = || app.call(axum::http::Method::POST, "/v1/me/step-up/passkey");
    let asked = begin().key(access).send().await.is(200).body;
    let proof = json!({ "passkey": answer(&asked, &mut device) });
    let stepped_up = app.post("/v1/me/step-up", &proof).key(access).send().await.is(200).body;
    assert!(stepped_up["proven_until"].is_string());
    app.post("/v1/me/step-up", &proof).key(access).send().await.problem(422, "wrong_proof");
    let both = json!({ "passkey": proof["passkey"], "password": PASSWORD });
    app.post("/v1/me/step-up", &both).key(access).send().await.problem(400, "invalid_request");
    let password = json!({ "password": PASSWORD });
    app.post("/v1/me/step-up", &password).key(access).send().await.problem(422, "second_factor_needed");
}

#[tokio::test]
async fn a_passkey_is_made_on_our_pages_for_one_person() {
    let app = TestApp::new().await;
    let person = Person::sign_up(&app, EMAIL).await;
    let mut device = Authenticator::new("https://evil.example");
    let asked =
        app.call(axum::http::Method::POST, "/v1/me/passkeys/begin").key(&person.access).send().await.is(200).body;
    let made = json!({ "ceremony": asked["ceremony"], "name": "a", "credential": device.create(&asked["options"]) });
    let add_by = async |made: &Value, by: &Person| app.post("/v1/me/passkeys", made).key(&by.access).send().await;
    add_by(&made, &person).await.problem(422, "passkey_refused");
    device.origin = ORIGIN.to_owned();
    add_by(&made, &person).await.problem(422, "ceremony_over");
    add(&app, &person.access, &mut device).await;

    register(&app, "taro@example.jp").await;
    let taro = Person::sign_in(&app, "taro@example.jp").await;
    let asked = app.call(axum::http::Method::POST, "/v1/me/passkeys/begin").key(&taro.access).send().await.is(200).body;
    let made = json!({ "ceremony": asked["ceremony"], "name": "a", "credential": device.create(&asked["options"]) });
    add_by(&made, &taro).await.problem(422, "passkey_taken");
    let list = app.get("/v1/me/passkeys").key(&taro.access).send().await.is(200).body;
    assert_eq!(list["items"], json!([]));
}
