//! People through the router who come through issuers.

use crate::app::{Answer, BACK, TestApp};
use crate::person::{Person, letter};
use chrono::TimeDelta;
use musubi_identity::issuer::claims::Claims;
use musubi_identity::message::MessageKind;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::{Value, json};

const HANAKO: &str = "hanako@example.jp";
const COOKIE: &str = "__Host-musubi_oidc";

on_each_engine!(somebody_signs_in_and_links_another_account);

fn claims(issuer: &str, subject: &str) -> Claims {
    Claims {
        issuer_name: issuer.to_owned(),
        subject: subject.to_owned(),
        email: None,
        email_verified: false,
        name: Some("花子".to_owned()),
        picture: None,
        locale: None,
    }
}

async fn post(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.post(path, body).anonymous().send().await
}

async fn begin(app: &TestApp, issuer: &str) -> Answer {
    let answer = post(app, &format!("/v1/auth/issuers/{issuer}/begin"), &json!({ "redirect_uri": BACK })).await;
    answer.is(200)
}

/// What the person comes back with, who agreed at the issuer.
fn back(app: &TestApp, begun: &Value, code: &str, person: Claims) -> Value {
    app.issuers.agrees(code, person);
    json!({ "state": begun["state"], "code": code, "binding": begun["binding"] })
}

async fn finish(app: &TestApp, issuer: &str, answer: &Value) -> Answer {
    post(app, &format!("/v1/auth/issuers/{issuer}/finish"), answer).await
}

fn access(signed_in: &Answer) -> String {
    signed_in.body["tokens"]["access_token"].as_str().expect("a token").to_owned()
}

async fn somebody_signs_in_and_links_another_account(db: TestDb) {
    let app = TestApp::on(&db).await;
    let list = app.get("/v1/auth/issuers").anonymous().send().await.is(200).body;
    assert_eq!(list, json!({ "items": [{ "name": "google" }, { "name": "line" }] }));

    let begun = begin(&app, "google").await.body;
    let url = begun["url"].as_str().expect("an address");
    assert!(url.starts_with("https://google.example/authorize?"), "{url}");
    let answer = back(&app, &begun, "a", claims("google", "108"));
    let first = finish(&app, "google", &answer).await.is(200);
    let access = access(&first);
    let me = app.get("/v1/me").key(&access).send().await.is(200).body;
    assert_eq!((&me["id"], &me["display_name"]), (&first.body["user"]["id"], &json!("花子")));
    finish(&app, "google", &answer).await.problem(401, "sign_in_state");

    // Lists have what was made first first.
    app.clock.advance(TimeDelta::milliseconds(1));
    let link = json!({ "issuer": "line", "redirect_uri": BACK });
    let begun = app.post("/v1/me/accounts", &link).key(&access).send().await.is(200).body;
    let answer = back(&app, &begun, "b", claims("line", "U1"));
    let linked = app.post("/v1/me/accounts/finish", &answer).key(&access).send().await.is(200).body;
    let providers: Vec<_> = linked["items"].as_array().expect("items").iter().map(|item| &item["provider"]).collect();
    assert_eq!(providers, ["google", "line"]);
    app.issuers.gives("an ID token", None, claims("line", "U1"));
    for _ in 0..2 {
        let shown = json!({ "id_token": "an ID token" });
        let again = post(&app, "/v1/auth/issuers/line/id-token", &shown).await.is(200).body;
        assert_eq!(again["user"]["id"], me["id"]);
    }
}

#[tokio::test]
async fn a_browser_is_known_by_its_cookie() {
    let app = TestApp::new().await;
    let begun = begin(&app, "line").await;
    let cookie = begun.head("set-cookie").expect("a cookie").to_owned();
    let binding = begun.body["binding"].as_str().expect("a secret");
    assert_eq!(cookie, format!("{COOKIE}={binding}; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"));
    let mut answer = back(&app, &begun.body, "a", claims("line", "U1"));
    answer.as_object_mut().expect("an object").remove("binding");
    let path = "/v1/auth/issuers/line/finish";
    let shown = format!("other=1; {COOKIE}={binding}");
    let signed_in = app.post(path, &answer).anonymous().header("cookie", &shown).send().await.is(200);
    assert_eq!(
        signed_in.head("set-cookie"),
        Some("__Host-musubi_oidc=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax")
    );

    // In another browser, which has none or one of its own.
    for own in [None, Some(begin(&app, "line").await.body["binding"].clone())] {
        let begun = begin(&app, "line").await.body;
        let mut answer = back(&app, &begun, "a", claims("line", "U1"));
        answer.as_object_mut().expect("an object").remove("binding");
        let call = app.post(path, &answer).anonymous();
        let call = match own.as_ref().and_then(Value::as_str) {
            Some(own) => call.header("cookie", &format!("{COOKIE}={own}")),
            None => call,
        };
        call.send().await.problem(401, "sign_in_state");
    }
}

#[tokio::test]
async fn an_answer_is_taken_from_who_set_out_alone() {
    let app = TestApp::new().await;
    let other = begin(&app, "google").await.body;
    let fresh = async |code: &str| {
        let begun = begin(&app, "google").await.body;
        back(&app, &begun, code, claims("google", "108"))
    };
    let mut stolen = fresh("a").await;
    stolen["binding"] = other["binding"].clone();
    finish(&app, "google", &stolen).await.problem(401, "sign_in_state");
    finish(&app, "line", &fresh("b").await).await.problem(401, "sign_in_issuer");
    let mut mixed_up = fresh("c").await;
    mixed_up["iss"] = json!("https://line.example");
    finish(&app, "google", &mixed_up).await.problem(401, "sign_in_issuer");
    let mut given_up = fresh("d").await;
    given_up["error"] = json!("access_denied");
    finish(&app, "google", &given_up).await.problem(422, "sign_in_given_up");
    let late = fresh("e").await;
    app.clock.advance(TimeDelta::minutes(10));
    finish(&app, "google", &late).await.problem(401, "sign_in_state");
    let without_code = begin(&app, "google").await.body;
    let without_code = json!({ "state": without_code["state"], "binding": without_code["binding"] });
    finish(&app, "google", &without_code).await.problem(401, "sign_in_code");
    finish(&app, "unheard-of", &fresh("f").await).await.problem(404, "unknown_issuer");

    let way = |issuer: &str| format!("/v1/auth/issuers/{issuer}/begin");
    post(&app, &way("unheard-of"), &json!({ "redirect_uri": BACK })).await.problem(404, "unknown_issuer");
    let elsewhere = post(&app, &way("google"), &json!({ "redirect_uri": "https://evil.example" })).await;
    assert_eq!(elsewhere.violation(), ("/redirect_uri".to_owned(), "not_allowed".to_owned()));
    app.issuers.set_away(true);
    let away = post(&app, &way("google"), &json!({ "redirect_uri": BACK })).await;
    away.problem(503, "issuer_unavailable");
    assert!(away.head("retry-after").is_some());
}

#[tokio::test]
async fn a_link_is_finished_by_the_person_who_began_it() {
    let app = TestApp::new().await;
    let hanako = Person::sign_up(&app, HANAKO).await;
    let taro = Person::sign_up(&app, "taro@example.jp").await;
    let set_out = async |person: &Person, code: &str| {
        let link = json!({ "issuer": "line", "redirect_uri": BACK });
        let begun = app.post("/v1/me/accounts", &link).key(&person.access).send().await.is(200).body;
        back(&app, &begun, code, claims("line", "U1"))
    };
    let path = "/v1/me/accounts/finish";
    let answer = set_out(&hanako, "a").await;
    app.post(path, &answer).key(&taro.access).send().await.problem(401, "sign_in_state");
    finish(&app, "line", &set_out(&hanako, "b").await).await.problem(401, "sign_in_state");
    let sign_in = begin(&app, "line").await.body;
    let sign_in = back(&app, &sign_in, "c", claims("line", "U1"));
    app.post(path, &sign_in).key(&hanako.access).send().await.problem(401, "sign_in_state");
    let accounts = app.get("/v1/me/accounts").key(&hanako.access).send().await.is(200).body;
    assert_eq!(accounts["items"].as_array().map(Vec::len), Some(1));

    app.post(path, &set_out(&hanako, "d").await).key(&hanako.access).send().await.is(200);
    letter(&app, MessageKind::AccountLinked);
    let stolen = set_out(&taro, "e").await;
    app.post(path, &stolen).key(&taro.access).send().await.problem(422, "account_belongs_to_another");
    let unknown = json!({ "issuer": "unheard-of", "redirect_uri": BACK });
    app.post("/v1/me/accounts", &unknown).key(&hanako.access).send().await.problem(404, "unknown_issuer");
    for path in ["/v1/me/accounts", path] {
        let body = if path.ends_with("finish") { &stolen } else { &unknown };
        app.post(path, body).anonymous().send().await.problem(401, "unauthenticated");
        app.post(path, body).send().await.problem(403, "person_only");
    }
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_opens_nothing() {
    let app = TestApp::new().await;
    let hanako = Person::sign_up(&app, HANAKO).await;
    let unvouched = Claims { email: Some(HANAKO.to_owned()), ..claims("line", "U1") };
    let begun = begin(&app, "line").await.body;
    let answer = back(&app, &begun, "a", unvouched.clone());
    finish(&app, "line", &answer).await.problem(409, "prove_first");
    app.issuers.gives("an ID token", Some("n"), unvouched.clone());
    let shown = json!({ "id_token": "an ID token", "nonce": "n" });
    post(&app, "/v1/auth/issuers/line/id-token", &shown).await.problem(409, "prove_first");
    let other = json!({ "id_token": "an ID token", "nonce": "m" });
    post(&app, "/v1/auth/issuers/line/id-token", &other).await.problem(401, "id_token_nonce");

    // Signed in as before, they link it.
    let link = json!({ "issuer": "line", "redirect_uri": BACK });
    let begun = app.post("/v1/me/accounts", &link).key(&hanako.access).send().await.is(200).body;
    let answer = back(&app, &begun, "b", unvouched);
    app.post("/v1/me/accounts/finish", &answer).key(&hanako.access).send().await.is(200);
    let again = post(&app, "/v1/auth/issuers/line/id-token", &shown).await.is(200).body;
    assert_eq!(again["user"]["id"], hanako.id);
}

#[tokio::test]
async fn a_vouched_address_is_the_persons_and_they_speak_their_language() {
    let app = TestApp::new().await;
    let hanako = Person::sign_up(&app, HANAKO).await;
    let vouched = Claims { email: Some(HANAKO.to_owned()), email_verified: true, ..claims("google", "108") };
    let begun = begin(&app, "google").await.body;
    let answer = back(&app, &begun, "a", vouched);
    let signed_in = finish(&app, "google", &answer).await.is(200).body;
    assert_eq!(signed_in["user"]["id"], hanako.id);
    letter(&app, MessageKind::AccountLinked);

    for (said, wished, spoken) in [(Some("en-GB"), None, "en"), (Some("en"), Some("ja"), "ja"), (None, None, "ja")] {
        let somebody = Claims { locale: said.map(str::to_owned), ..claims("google", &format!("{said:?}{wished:?}")) };
        let begun = begin(&app, "google").await.body;
        let mut answer = back(&app, &begun, "a", somebody);
        answer["locale"] = json!(wished);
        assert_eq!(finish(&app, "google", &answer).await.is(200).body["user"]["locale"], spoken);
    }
}
