//! LINE's ways: tokens signed with the channel secret or with a published key, and no word on whether an address is
//! verified.

use crate::keys::Key;
use crate::stub::{NAME, SECRET, Scene, answer};
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::settings::IssuerKind;
use musubi_kernel::secret::Secret;
use musubi_oidc::http::Limits;
use serde_json::{Value, json};

async fn line() -> Scene {
    Scene::of(IssuerKind::Line, "openid profile email", Limits::default()).await
}

/// The claims of LINE's documentation.
fn claims(scene: &Scene, nonce: &str) -> Value {
    let mut claims = scene.claims();
    claims["sub"] = json!("U1234567890abcdef1234567890abcdef");
    claims["nonce"] = json!(nonce);
    claims["amr"] = json!(["pwd"]);
    claims["name"] = json!("Taro Line");
    claims["picture"] = json!("https://sample_line.me/aBcdefg123456");
    claims["email"] = json!("taro.line@example.com");
    claims
}

#[tokio::test]
async fn a_web_sign_in_is_signed_with_the_channel_secret() {
    let scene = line().await;
    scene.publish(&[&Key::p256("e")]);
    let pending = scene.begun().await;
    scene.give(&Key::shared(SECRET).token(&claims(&scene, pending.nonce.expose())));
    let answered = answer(&pending);
    let person = scene.issuers.finish(pending, &answered).await.expect("signed in");
    assert_eq!(person.subject, "U1234567890abcdef1234567890abcdef");
    assert_eq!(person.name.as_deref(), Some("Taro Line"));
    assert_eq!(person.email.as_deref(), Some("taro.line@example.com"));
    assert!(!person.email_verified, "LINE does not say so");
    // The channel's id and secret go in the body, as LINE's reference has it.
    let said = scene.said();
    assert_eq!(said.form["client_secret"], SECRET);
    assert_eq!(said.authorization, None);
}

#[tokio::test]
async fn a_mini_apps_token_is_signed_with_a_published_key() {
    let scene = line().await;
    let key = Key::p256("e");
    scene.publish(&[&key]);
    let token = Secret::new(key.token(&claims(&scene, "n")));
    let person = scene.issuers.verify_id_token(NAME, &token, None).await.expect("signed in");
    assert_eq!(person.subject, "U1234567890abcdef1234567890abcdef");
}

#[tokio::test]
async fn other_signatures_are_refused() {
    let scene = line().await;
    let (p256, rsa, ed25519) = (Key::p256("e"), Key::rsa("r"), Key::ed25519("o"));
    scene.publish(&[&p256, &rsa, &ed25519]);
    let claims = claims(&scene, "n");
    let mut cases = vec![
        (rsa.token(&claims), TokenCheck::Algorithm),
        (ed25519.token(&claims), TokenCheck::Algorithm),
        (Key::none().token(&claims), TokenCheck::Algorithm),
        (Key::shared("another-secret").token(&claims), TokenCheck::Signature),
        (Key::shared("").token(&claims), TokenCheck::Signature),
        (Key::p256("e").token(&claims), TokenCheck::Signature),
        (Key::p256("x").token(&claims), TokenCheck::Key),
    ];
    for bytes in p256.public_bytes() {
        cases.push((Key::shared(&bytes).token(&claims), TokenCheck::Signature));
        cases.push((Key::shared(&bytes).called(Some("e")).token(&claims), TokenCheck::Signature));
    }
    for (index, (token, expected)) in cases.into_iter().enumerate() {
        let found = scene.issuers.verify_id_token(NAME, &Secret::new(token), None).await;
        assert_eq!(found, Err(OidcError::TokenRefused(expected)), "case {index}");
    }
}

#[tokio::test]
async fn the_access_token_of_a_web_sign_in_is_checked_too() {
    let scene = line().await;
    let key = Key::shared(SECRET);
    for (hash, expected) in [(key.at_hash("an-access-token"), true), (key.at_hash("another"), false)] {
        let pending = scene.begun().await;
        let mut claims = claims(&scene, pending.nonce.expose());
        claims["at_hash"] = json!(hash);
        scene.give(&key.token(&claims));
        let answered = answer(&pending);
        let found = scene.issuers.finish(pending, &answered).await;
        assert_eq!(found.is_ok(), expected, "{found:?}");
    }
}
