//! The two halves of a sign-in, at an issuer that answers anything.

use crate::keys::Key;
use crate::stub::{BACK, CLIENT, NAME, SECRET, Scene, answer};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::pending::Callback;
use musubi_identity::issuer::settings::IssuerKind;
use musubi_kernel::secret::Secret;
use musubi_oidc::http::Limits;
use openidconnect::url::Url;
use ring::digest::{SHA256, digest};
use serde_json::json;
use std::collections::HashMap;

type Change = fn(&mut Callback);
type Is = fn(&OidcError) -> bool;

#[tokio::test]
async fn a_sign_in_begins_with_all_that_ties_its_answer_to_it() {
    let scene = Scene::of(IssuerKind::Plain, "openid email profile", Limits::default()).await;
    let begun = scene.issuers.begin(NAME, BACK).await.expect("begun");
    let url = Url::parse(&begun.url).expect("an address");
    assert_eq!(url.path(), "/authorize");
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let said: HashMap<&str, &str> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(said.len(), query.len(), "no parameter twice: {query:?}");
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, begun.pending.pkce_verifier.expose().as_bytes()));
    assert_eq!(
        said,
        HashMap::from([
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("redirect_uri", BACK),
            ("scope", "openid email profile"),
            ("state", begun.pending.state.expose()),
            ("nonce", begun.pending.nonce.expose()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ])
    );
    let other = scene.begun().await;
    assert!(other.state != begun.pending.state && other.nonce != begun.pending.nonce);
    assert!(matches!(scene.issuers.begin("other", BACK).await, Err(OidcError::UnknownIssuer)));
    assert!(matches!(scene.issuers.begin(NAME, "no address").await, Err(OidcError::Misconfigured(_))));
}

#[tokio::test]
async fn the_code_is_shown_with_its_verifier_and_the_client_secret() {
    let scene = Scene::plain().await;
    let key = Key::rsa("r");
    scene.publish(&[&key]);
    let pending = scene.begun().await;
    let mut claims = scene.claims();
    claims["nonce"] = json!(pending.nonce.expose());
    scene.give(&key.token(&claims));
    let (answered, verifier) = (answer(&pending), pending.pkce_verifier.clone());
    let person = scene.issuers.finish(pending, &answered).await.expect("signed in");
    assert_eq!((person.issuer_name.as_str(), person.subject.as_str()), (NAME, "1234"));
    let said = scene.said();
    let form: HashMap<&str, &str> = said.form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", "a-code"),
        ("redirect_uri", BACK),
        ("code_verifier", verifier.expose()),
    ];
    assert_eq!(form, HashMap::from(expected));
    let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{SECRET}")));
    assert_eq!(said.authorization.as_deref(), Some(basic.as_str()));
}

#[tokio::test]
async fn an_id_token_that_was_made_for_another_sign_in_is_refused() {
    let scene = Scene::plain().await;
    let key = Key::rsa("r");
    scene.publish(&[&key]);
    let other = scene.begun().await;
    for nonce in [json!(other.nonce.expose()), json!(""), json!(null)] {
        let pending = scene.begun().await;
        let mut claims = scene.claims();
        claims["nonce"] = nonce;
        scene.give(&key.token(&claims));
        let answered = answer(&pending);
        let found = scene.issuers.finish(pending, &answered).await;
        assert_eq!(found, Err(OidcError::TokenRefused(TokenCheck::Nonce)));
    }
}

#[tokio::test]
async fn the_secret_goes_in_the_body_where_the_issuer_takes_no_other() {
    let scene = Scene::plain().await;
    let key = Key::rsa("r");
    scene.publish(&[&key]);
    scene.said().discovery = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
    let pending = scene.begun().await;
    let mut claims = scene.claims();
    claims["nonce"] = json!(pending.nonce.expose());
    scene.give(&key.token(&claims));
    let answered = answer(&pending);
    scene.issuers.finish(pending, &answered).await.expect("signed in");
    assert_eq!(scene.said().form["client_secret"], SECRET);
    assert_eq!(scene.said().authorization, None);
}

#[tokio::test]
async fn nothing_is_asked_for_an_answer_that_is_not_to_this_sign_in() {
    let scene = Scene::plain().await;
    scene.said().discovery = json!({"authorization_response_iss_parameter_supported": true});
    let cases: [(Change, OidcError); 4] = [
        (|answer| answer.state = Some(Secret::new("other")), OidcError::WrongState),
        (|answer| answer.iss = None, OidcError::MixUp),
        (|answer| answer.iss = Some("https://evil.example".to_owned()), OidcError::MixUp),
        (|answer| answer.error = Some("access_denied".to_owned()), OidcError::GivenUp),
    ];
    for (change, expected) in cases {
        let pending = scene.begun().await;
        let mut answered = answer(&pending);
        answered.iss = Some(scene.issuer.clone());
        change(&mut answered);
        assert_eq!(scene.issuers.finish(pending, &answered).await, Err(expected));
    }
    assert!(scene.said().form.is_empty(), "the token endpoint was not asked");
}

#[tokio::test]
async fn what_the_token_endpoint_says_is_told_apart() {
    let scene = Scene::plain().await;
    let unavailable = |error: &OidcError| matches!(error, OidcError::Unavailable(_));
    let wrong = |error: &OidcError| matches!(error, OidcError::Misconfigured(_));
    let cases: [(serde_json::Value, Is); 6] = [
        (json!({"error": "invalid_grant"}), |error| *error == OidcError::CodeRefused),
        (json!({"error": "invalid_client", "error_description": "no such client"}), wrong),
        (json!({"error": "unauthorized_client"}), wrong),
        (json!({"access_token": "a", "token_type": "Bearer"}), |error| {
            *error == OidcError::TokenRefused(TokenCheck::Form)
        }),
        (json!({"access_token": "a", "token_type": "Bearer", "id_token": "a.b.c"}), |error| {
            *error == OidcError::TokenRefused(TokenCheck::Form)
        }),
        (json!({"id_token": "a.b.c"}), |error| *error == OidcError::TokenRefused(TokenCheck::Form)),
    ];
    for (token, is) in cases {
        scene.said().token = token.clone();
        let pending = scene.begun().await;
        let answered = answer(&pending);
        let error = scene.issuers.finish(pending, &answered).await.expect_err("refused");
        assert!(is(&error), "{token}: {error:?}");
    }
    let pending = scene.begun().await;
    scene.said().instead = Some(crate::stub::Instead::Status(503));
    let answered = answer(&pending);
    let error = scene.issuers.finish(pending, &answered).await.expect_err("away");
    assert!(unavailable(&error), "{error:?}");
}

#[tokio::test]
async fn an_address_is_asked_for_where_the_token_has_none() {
    let scene = Scene::of(IssuerKind::Plain, "openid email", Limits::default()).await;
    let key = Key::rsa("r");
    scene.publish(&[&key]);
    let more =
        json!({"sub": "1234", "email": "hanako@example.jp", "email_verified": true, "name": "花子", "locale": "ja"});
    let cases = [
        (json!({}), more.clone(), Ok((Some("hanako@example.jp"), true))),
        // Some issuers write truth as a text.
        (
            json!({"email": "own@example.jp", "email_verified": "true"}),
            more.clone(),
            Ok((Some("own@example.jp"), true)),
        ),
        (json!({"email": "own@example.jp"}), more.clone(), Ok((Some("own@example.jp"), false))),
        (json!({}), json!({"sub": "1234"}), Ok((None, false))),
        (
            json!({}),
            json!({"sub": "4321", "email": "hanako@example.jp"}),
            Err(OidcError::TokenRefused(TokenCheck::Subject)),
        ),
    ];
    for (in_token, at_endpoint, expected) in cases {
        let pending = scene.begun().await;
        let mut claims = scene.claims();
        claims["nonce"] = json!(pending.nonce.expose());
        for (name, value) in in_token.as_object().expect("an object") {
            claims[name] = value.clone();
        }
        scene.give(&key.token(&claims));
        scene.said().userinfo = at_endpoint;
        let answered = answer(&pending);
        let person = scene.issuers.finish(pending, &answered).await;
        let found = person.as_ref().map(|person| (person.email.as_deref(), person.email_verified));
        assert_eq!(found, expected.as_ref().map(|found| *found), "{in_token}");
    }
}
