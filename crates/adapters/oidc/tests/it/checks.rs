//! Tokens that are not what they seem, each refused with its own code.

use crate::keys::Key;
use crate::stub::{ACCESS_TOKEN, CLIENT, NAME, Scene, answer};
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::secret::Secret;
use serde_json::{Value, json};

/// Claims with one of them changed; `null` takes it away.
fn with(scene: &Scene, change: &Value) -> Value {
    let mut claims = scene.claims();
    claims["nonce"] = json!("n");
    for (name, value) in change.as_object().expect("an object") {
        if value.is_null() {
            claims.as_object_mut().expect("an object").remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

async fn verdict(scene: &Scene, token: &str) -> Result<String, TokenCheck> {
    let nonce = Secret::new("n");
    match scene.issuers.verify_id_token(NAME, &Secret::new(token), Some(&nonce)).await {
        Ok(claims) => Ok(claims.subject),
        Err(OidcError::TokenRefused(check)) => Err(check),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_algorithm_that_is_allowed_is_understood() {
    let scene = Scene::plain().await;
    let keys = [Key::rsa("r"), Key::p256("e"), Key::ed25519("o")];
    scene.publish(&[&keys[0], &keys[1], &keys[2]]);
    for key in keys.iter().chain([&Key::rsa_pss("r")]) {
        let token = key.token(&with(&scene, &json!({})));
        assert_eq!(verdict(&scene, &token).await, Ok("1234".to_owned()), "{}", key.algorithm());
    }
}

#[tokio::test]
async fn claims_that_are_not_ours_are_refused() {
    let scene = Scene::plain().await;
    let key = Key::p256("e");
    scene.publish(&[&key]);
    let now = scene.claims()["iat"].as_i64().expect("a time") + 5;
    let others = [CLIENT, "other"];
    let cases = [
        (json!({"iss": "https://evil.example"}), Err(TokenCheck::Issuer)),
        (json!({"iss": format!("{}/", scene.issuer)}), Err(TokenCheck::Issuer)),
        (json!({"iss": null}), Err(TokenCheck::Form)),
        (json!({"aud": "other"}), Err(TokenCheck::Audience)),
        (json!({"aud": "MUSUBI"}), Err(TokenCheck::Audience)),
        (json!({"aud": []}), Err(TokenCheck::Audience)),
        (json!({"aud": null}), Err(TokenCheck::Audience)),
        (json!({"aud": ["other"]}), Err(TokenCheck::Audience)),
        (json!({"aud": [CLIENT]}), Ok(())),
        (json!({"aud": others}), Err(TokenCheck::AuthorizedParty)),
        (json!({"aud": others, "azp": "other"}), Err(TokenCheck::AuthorizedParty)),
        (json!({"aud": others, "azp": CLIENT}), Ok(())),
        (json!({"azp": CLIENT}), Ok(())),
        (json!({"azp": "other"}), Err(TokenCheck::AuthorizedParty)),
        (json!({"exp": now - 60}), Err(TokenCheck::Expired)),
        (json!({"exp": now - 59}), Ok(())),
        (json!({"exp": null}), Err(TokenCheck::Form)),
        (json!({"exp": "tomorrow"}), Err(TokenCheck::Form)),
        (json!({"iat": now + 60}), Ok(())),
        (json!({"iat": now + 61}), Err(TokenCheck::IssuedLater)),
        (json!({"iat": now + 3600, "exp": now + 7200}), Err(TokenCheck::IssuedLater)),
        (json!({"iat": null}), Err(TokenCheck::Form)),
        (json!({"nonce": "other"}), Err(TokenCheck::Nonce)),
        (json!({"nonce": ""}), Err(TokenCheck::Nonce)),
        (json!({"nonce": null}), Err(TokenCheck::Nonce)),
        (json!({"sub": null}), Err(TokenCheck::Form)),
        (json!({"sub": ""}), Err(TokenCheck::Subject)),
        (json!({"sub": "s".repeat(256)}), Err(TokenCheck::Subject)),
    ];
    for (change, expected) in cases {
        let token = key.token(&with(&scene, &change));
        assert_eq!(verdict(&scene, &token).await.map(|_| ()), expected, "{change}");
    }
}

#[tokio::test]
async fn signatures_that_are_not_the_issuers_are_refused() {
    let scene = Scene::plain().await;
    let (rsa, p256) = (Key::rsa("r"), Key::p256("e"));
    scene.publish(&[&rsa, &p256]);
    let claims = with(&scene, &json!({}));
    let good = p256.token(&claims);
    let (head, rest) = good.split_once('.').expect("three parts");
    let (payload, signature) = rest.split_once('.').expect("three parts");
    let other_payload = Key::none().token(&with(&scene, &json!({"sub": "4321"})));
    let other_payload = other_payload.split('.').nth(1).expect("three parts");
    let named = |alg: &str| json!({"alg": alg, "kid": "e", "typ": "JWT"});

    let mut cases = vec![
        ("another's key by the same name", Key::p256("e").token(&claims), TokenCheck::Signature),
        ("a key by an unknown name", Key::p256("x").token(&claims), TokenCheck::Key),
        ("the issuer's key by another's name", Key::rsa("e").token(&claims), TokenCheck::Key),
        ("alg none", Key::none().token(&claims), TokenCheck::Algorithm),
        ("alg none with a key's name", Key::none().token_with_header(&named("none"), &claims), TokenCheck::Algorithm),
        ("alg None", Key::none().token_with_header(&named("None"), &claims), TokenCheck::Form),
        ("alg none over a signature", p256.token_with_header(&named("none"), &claims), TokenCheck::Algorithm),
        ("no signature", format!("{head}.{payload}."), TokenCheck::Signature),
        ("another payload", format!("{head}.{other_payload}.{signature}"), TokenCheck::Signature),
        ("a longer hash", rsa.token_with_header(&json!({"alg": "RS512", "kid": "r"}), &claims), TokenCheck::Algorithm),
        ("the client secret", Key::shared(crate::stub::SECRET).token(&claims), TokenCheck::Algorithm),
        ("the empty secret", Key::shared("").token(&claims), TokenCheck::Algorithm),
        ("encrypted", p256.token_with_header(&json!({"alg": "A128GCM", "kid": "e"}), &claims), TokenCheck::Form),
        (
            "what must be understood and is not",
            p256.token_with_header(&json!({"alg": "ES256", "kid": "e", "crit": ["b64"], "b64": true}), &claims),
            TokenCheck::Form,
        ),
        (
            "another kind of token",
            p256.token_with_header(&json!({"alg": "ES256", "kid": "e", "typ": "at+jwt"}), &claims),
            TokenCheck::Form,
        ),
        ("an empty text", String::new(), TokenCheck::Form),
        ("two parts", format!("{head}.{payload}"), TokenCheck::Form),
        ("no base64", format!("{head}.%.{signature}"), TokenCheck::Form),
    ];
    for bytes in rsa.public_bytes().into_iter().chain(p256.public_bytes()) {
        for kid in [None, Some("r"), Some("e")] {
            let token = Key::shared(&bytes).called(kid).token(&claims);
            cases.push(("HS256 with a public key", token, TokenCheck::Algorithm));
        }
    }
    assert_eq!(verdict(&scene, &good).await, Ok("1234".to_owned()));
    for (what, token, expected) in cases {
        assert_eq!(verdict(&scene, &token).await, Err(expected), "{what}");
    }
}

#[tokio::test]
async fn a_key_in_the_token_itself_is_not_looked_at() {
    let scene = Scene::plain().await;
    scene.publish(&[&Key::p256("e")]);
    let forger = Key::p256("e");
    let header = json!({"alg": "ES256", "kid": "e", "jwk": forger.jwk(), "jku": "https://evil.example/keys"});
    let token = forger.token_with_header(&header, &with(&scene, &json!({})));
    assert_eq!(verdict(&scene, &token).await, Err(TokenCheck::Signature));
}

#[tokio::test]
async fn a_token_without_a_keys_name_is_good_while_there_is_one_key() {
    let scene = Scene::plain().await;
    let (one, other) = (Key::p256("1").called(None), Key::p256("2"));
    scene.publish(&[&one]);
    let token = one.token(&with(&scene, &json!({})));
    assert_eq!(verdict(&scene, &token).await, Ok("1234".to_owned()));
    scene.publish(&[&one, &other]);
    scene.clock.advance(chrono::TimeDelta::hours(2));
    let token = one.token(&with(&scene, &json!({})));
    assert_eq!(verdict(&scene, &token).await, Err(TokenCheck::Key));
}

#[tokio::test]
async fn a_key_for_something_else_signs_no_tokens() {
    let scene = Scene::plain().await;
    let key = Key::p256("e");
    for (name, value) in [("use", "enc"), ("alg", "ES384")] {
        let mut jwk = key.jwk();
        jwk[name] = json!(value);
        scene.said().keys = vec![jwk];
        scene.clock.advance(chrono::TimeDelta::hours(2));
        assert_eq!(verdict(&scene, &key.token(&with(&scene, &json!({})))).await, Err(TokenCheck::Key), "{name}");
    }
}

#[tokio::test]
async fn the_access_token_is_that_of_the_id_token() {
    let scene = Scene::plain().await;
    for key in [Key::rsa("r"), Key::rsa_pss("r"), Key::p256("e"), Key::ed25519("o")] {
        scene.publish(&[&key]);
        scene.clock.advance(chrono::TimeDelta::hours(2));
        let cases = [
            (Some(key.at_hash(ACCESS_TOKEN)), Ok(())),
            (None, Ok(())),
            (Some(key.at_hash("another")), Err(OidcError::TokenRefused(TokenCheck::AccessToken))),
            (Some(String::new()), Err(OidcError::TokenRefused(TokenCheck::AccessToken))),
        ];
        for (hash, expected) in cases {
            let pending = scene.begun().await;
            let change = json!({"nonce": pending.nonce.expose(), "at_hash": hash});
            scene.give(&key.token(&with(&scene, &change)));
            let answer = answer(&pending);
            let found = scene.issuers.finish(pending, &answer).await.map(|_| ());
            assert_eq!(found, expected, "{} {hash:?}", key.algorithm());
        }
    }
}

#[tokio::test]
async fn a_token_may_be_checked_without_a_nonce() {
    let scene = Scene::plain().await;
    let key = Key::p256("e");
    scene.publish(&[&key]);
    let token = Secret::new(key.token(&scene.claims()));
    assert!(scene.issuers.verify_id_token(NAME, &token, None).await.is_ok());
    let error = scene.issuers.verify_id_token(NAME, &token, Some(&Secret::new("n"))).await.expect_err("refused");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, "id_token_nonce"));
    let unknown = scene.issuers.verify_id_token("other", &token, None).await;
    assert_eq!(unknown, Err(OidcError::UnknownIssuer));
}
