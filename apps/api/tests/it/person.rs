//! People who have signed in, for tests about something else.

use crate::app::TestApp;
use chrono::TimeDelta;
use musubi_identity::message::MessageKind;
use serde_json::{Value, json};

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Somebody on one device.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) session: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Person {
    /// Somebody who has registered with this address, proven it, and signed in.
    pub(crate) async fn sign_up(app: &TestApp, email: &str) -> Self {
        register(app, email).await;
        Self::sign_in(app, email).await
    }

    /// Somebody who has registered before, on another device.
    pub(crate) async fn sign_in(app: &TestApp, email: &str) -> Self {
        let credentials = json!({ "email": email, "password": PASSWORD });
        Self::signed_in(&app.post("/v1/auth/sign-in", &credentials).anonymous().send().await.is(200).body)
    }

    /// The same, with a recovery code as the second factor.
    pub(crate) async fn sign_in_with(app: &TestApp, email: &str, recovery_code: &str) -> Self {
        let half = json!({ "email": email, "password": PASSWORD });
        let half = app.post("/v1/auth/sign-in", &half).anonymous().send().await.is(200).body;
        let whole = json!({ "challenge": half.pointer("/challenge/token"), "recovery_code": recovery_code });
        Self::signed_in(&app.post("/v1/auth/second-factor", &whole).anonymous().send().await.is(200).body)
    }

    fn signed_in(signed_in: &Value) -> Self {
        let text = |pointer: &str| signed_in.pointer(pointer).and_then(Value::as_str).expect("a text").to_owned();
        Self {
            id: text("/user/id"),
            session: text("/session_id"),
            access: text("/tokens/access_token"),
            refresh: text("/tokens/refresh_token"),
        }
    }
}

/// For how long a proof of who somebody is opens what is dangerous.
const PROVEN_FOR: TimeDelta = TimeDelta::minutes(10);

/// Does something as long ago as takes what it proved to be over by now, and refreshes the tokens that came of it: an access
/// token.
pub(crate) async fn long_ago<'a>(app: &'a TestApp, sign_in: impl Future<Output = Person> + 'a) -> Person {
    let now = app.clock_now();
    app.clock.set(now - PROVEN_FOR);
    let before = sign_in.await;
    app.clock.set(now);
    let refresh = json!({ "refresh_token": before.refresh });
    let fresh = app.post("/v1/auth/refresh", &refresh).anonymous().send().await.is(200).body;
    let text = |name: &str| fresh[name].as_str().expect("a token").to_owned();
    Person { access: text("access_token"), refresh: text("refresh_token"), ..before }
}

/// Registers somebody, who proves their address.
pub(crate) async fn register(app: &TestApp, email: &str) {
    let body = json!({ "email": email, "password": PASSWORD, "display_name": "花子" });
    app.post("/v1/auth/register", &body).anonymous().send().await.is(202);
    let token = letter(app, MessageKind::VerifyEmail);
    app.post("/v1/auth/verify-email", &json!({ "token": token, "password": PASSWORD }))
        .anonymous()
        .send()
        .await
        .is(200);
}

/// The token of the only letter that was sent, which is of this kind; empty, if it has none.
pub(crate) fn letter(app: &TestApp, kind: MessageKind) -> String {
    let mut letters = app.letters.empty();
    assert_eq!(letters.iter().map(|letter| letter.kind).collect::<Vec<_>>(), [kind]);
    letters.remove(0).token.map(|token| token.expose().to_owned()).unwrap_or_default()
}
