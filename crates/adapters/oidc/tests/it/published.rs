//! What an issuer publishes: when it is fetched, and what is not believed.

use crate::keys::Key;
use crate::stub::{BACK, CLIENT, Instead, NAME, SECRET, Scene};
use chrono::TimeDelta;
use musubi_identity::issuer::Issuers as _;
use musubi_identity::issuer::error::{OidcError, TokenCheck};
use musubi_identity::issuer::settings::{IssuerKind, IssuerSettings};
use musubi_kernel::clock::SystemClock;
use musubi_kernel::id::SystemIds;
use musubi_kernel::secret::Secret;
use musubi_oidc::http::Limits;
use musubi_oidc::{OidcIssuers, SetupError};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

async fn verdict(scene: &Scene, key: &Key) -> Result<(), OidcError> {
    let token = Secret::new(key.token(&scene.claims()));
    scene.issuers.verify_id_token(NAME, &token, None).await.map(|_| ())
}

#[tokio::test]
async fn it_is_fetched_once_an_hour() {
    let scene = Scene::plain().await;
    let key = Key::p256("1");
    scene.publish(&[&key]);
    for (minutes, asked) in [(0, 1), (0, 1), (59, 1), (1, 2), (59, 2), (1, 3)] {
        scene.clock.advance(TimeDelta::minutes(minutes));
        assert_eq!(verdict(&scene, &key).await, Ok(()));
        assert_eq!(scene.said().asked, asked);
    }
}

#[tokio::test]
async fn of_many_who_need_it_one_fetches() {
    let scene = Arc::new(Scene::plain().await);
    let begin = || {
        let scene = Arc::clone(&scene);
        tokio::spawn(async move { scene.issuers.begin(NAME, BACK).await.map(|_| ()) })
    };
    let sign_ins: Vec<_> = (0..20).map(|_| begin()).collect();
    for sign_in in sign_ins {
        assert_eq!(sign_in.await.expect("no panic"), Ok(()));
    }
    assert_eq!(scene.said().asked, 1);
}

#[tokio::test]
async fn an_unknown_key_has_it_fetched_anew_but_not_again_and_again() {
    let scene = Scene::plain().await;
    let (old, new, forged) = (Key::p256("1"), Key::p256("2"), Key::p256("3"));
    let unknown = Err(OidcError::TokenRefused(TokenCheck::Key));
    scene.publish(&[&old]);
    assert_eq!(verdict(&scene, &old).await, Ok(()));

    // The issuer changes its key. A moment ago it was asked, so it is not asked again; then it is.
    scene.publish(&[&new]);
    assert_eq!(verdict(&scene, &new).await, unknown);
    assert_eq!(scene.said().asked, 1);
    scene.clock.advance(TimeDelta::seconds(30));
    assert_eq!(verdict(&scene, &new).await, Ok(()));
    assert_eq!(scene.said().asked, 2);
    assert_eq!(verdict(&scene, &old).await, unknown);

    // A forger's keys cost the issuer two requests a minute at most.
    for _ in 0..60 {
        scene.clock.advance(TimeDelta::seconds(1));
        assert_eq!(verdict(&scene, &forged).await, unknown);
    }
    assert_eq!(scene.said().asked, 4);
}

#[tokio::test]
async fn an_issuer_that_is_away_is_left_alone_for_a_moment() {
    let scene = Scene::plain().await;
    let key = Key::p256("1");
    scene.publish(&[&key]);
    let away = |found: Result<(), OidcError>| assert!(matches!(found, Err(OidcError::Unavailable(_))), "{found:?}");
    scene.said().instead = Some(Instead::Status(500));
    away(verdict(&scene, &key).await);
    away(verdict(&scene, &key).await);
    assert_eq!(scene.said().asked, 1);
    scene.said().instead = None;
    scene.clock.advance(TimeDelta::seconds(4));
    away(verdict(&scene, &key).await);
    scene.clock.advance(TimeDelta::seconds(1));
    assert_eq!(verdict(&scene, &key).await, Ok(()));

    // What was published holds for its hour, and no longer.
    scene.said().instead = Some(Instead::Status(500));
    scene.clock.advance(TimeDelta::minutes(59));
    assert_eq!(verdict(&scene, &key).await, Ok(()));
    scene.clock.advance(TimeDelta::minutes(1));
    away(verdict(&scene, &key).await);
}

#[tokio::test]
async fn answers_that_are_none_are_told_as_away() {
    let quick = Limits { whole: Duration::from_millis(200), bytes: 10_000, ..Limits::default() };
    let elsewhere = Scene::plain().await;
    for instead in [
        Instead::Status(404),
        Instead::Status(429),
        Instead::Status(503),
        Instead::Redirect(format!("{}/.well-known/openid-configuration", elsewhere.issuer)),
        Instead::Text("<html>sign in to this network</html>"),
        Instead::Text("{}"),
        Instead::Blanks(10_000),
        Instead::Silence,
    ] {
        let scene = Scene::of(IssuerKind::Plain, "openid", quick).await;
        scene.said().instead = Some(instead);
        let found = scene.issuers.begin(NAME, BACK).await;
        assert!(matches!(found, Err(OidcError::Unavailable(_))), "{found:?}");
    }
    assert_eq!(elsewhere.said().asked, 0, "no redirect is followed");

    let scene = Scene::of(IssuerKind::Plain, "openid", Limits { bytes: 10_000, ..Limits::default() }).await;
    scene.said().instead = Some(Instead::Blanks(9_000));
    assert!(scene.issuers.begin(NAME, BACK).await.is_ok(), "long, but not too long");
}

#[tokio::test]
async fn nobody_is_there() {
    // Port 1 is nobody's.
    let settings = IssuerSettings::new(NAME, "http://127.0.0.1:1", CLIENT, Secret::new(SECRET));
    let issuers = OidcIssuers::new(vec![settings], Limits::default(), Arc::new(SystemClock), Arc::new(SystemIds));
    let found = issuers.expect("set up").begin(NAME, BACK).await.expect_err("away");
    assert!(found.internal_context().is_some_and(|context| context.starts_with("127.0.0.1: ")), "{found:?}");
}

#[tokio::test]
async fn documents_that_cannot_be_the_issuers_are_not_believed() {
    let scene = Scene::plain().await;
    for change in [
        json!({"issuer": "https://evil.example"}),
        json!({"issuer": format!("{}/", scene.issuer)}),
        json!({"token_endpoint": "http://example.com/token"}),
        json!({"jwks_uri": "http://example.com/keys"}),
        json!({"authorization_endpoint": "http://example.com/authorize"}),
        json!({"authorization_endpoint": "javascript:alert(1)"}),
        json!({"userinfo_endpoint": "file:///etc/passwd"}),
    ] {
        scene.said().discovery = change.clone();
        let found = scene.issuers.begin(NAME, BACK).await;
        assert!(matches!(found, Err(OidcError::Misconfigured(_))), "{change}: {found:?}");
    }
}

#[tokio::test]
async fn settings_that_are_wrong_are_told_before_anything_is_asked() {
    let with = |settings| OidcIssuers::new(settings, Limits::default(), Arc::new(SystemClock), Arc::new(SystemIds));
    let settings = |issuer| IssuerSettings::new(NAME, issuer, CLIENT, Secret::new(SECRET));
    assert!(matches!(with(vec![settings("http://example.com")]), Err(SetupError::Settings(_))));
    let twice = vec![settings("https://a.example"), settings("https://b.example")];
    assert!(matches!(with(twice), Err(SetupError::Settings(_))));
}
