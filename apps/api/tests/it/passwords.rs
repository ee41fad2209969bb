//! Settings of passwords, through the router.

use crate::app::TestApp;
use crate::person::{PASSWORD, register};
use musubi_crypto::{HashingSettings, PasswordPool};
use musubi_identity::password::PasswordRules;
use musubi_identity::people::ports::PeopleStore as _;
use musubi_kernel::id::SystemIds;
use musubi_sql_testing::{TestDb, on_each_engine};
use serde_json::json;
use std::sync::Arc;

on_each_engine!(a_changed_cost_reaches_everybody_at_their_next_sign_in);

/// An application whose hashes cost this, on the database of a test.
async fn of_cost(db: &TestDb, passes: u32) -> TestApp {
    let cost = HashingSettings { memory_kib: 64, passes, ..HashingSettings::default() };
    let pool = PasswordPool::new(&cost, Arc::new(SystemIds)).expect("a cost that Argon2 can have");
    TestApp::on_changed(db, |ground| ground.passwords = Arc::new(pool)).await
}

/// The hash that is kept of somebody's password.
async fn kept(db: &TestDb, email: &str) -> String {
    let seen = db.store().see(&email.parse().unwrap()).await.unwrap().expect("a person");
    seen.local.and_then(|account| account.password_hash).expect("a password").as_text().to_owned()
}

async fn a_changed_cost_reaches_everybody_at_their_next_sign_in(db: TestDb) {
    let before = of_cost(&db, 1).await;
    for email in ["hanako@example.jp", "taro@example.jp"] {
        register(&before, email).await;
    }
    let first = kept(&db, "hanako@example.jp").await;
    assert!(first.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{first}");

    let after = of_cost(&db, 2).await;
    let sign_in = async |password: &str| {
        let credentials = json!({ "email": "hanako@example.jp", "password": password });
        after.post("/v1/auth/sign-in", &credentials).anonymous().send().await
    };
    sign_in("not this one").await.problem(401, "wrong_credentials");
    assert_eq!(kept(&db, "hanako@example.jp").await, first, "who does not know it changes nothing");
    sign_in(PASSWORD).await.is(200);
    let anew = kept(&db, "hanako@example.jp").await;
    assert!(anew.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{anew}");
    sign_in(PASSWORD).await.is(200);
    assert_eq!(kept(&db, "hanako@example.jp").await, anew, "once");
    assert!(kept(&db, "taro@example.jp").await.contains("t=1"), "who has not signed in");
}

#[tokio::test]
async fn a_longer_password_can_be_asked_for() {
    let rules = PasswordRules::with_shortest(15);
    let app = TestApp::with(|ground| ground.sign_ins.password_rules = rules).await;
    let body = |password: &str| json!({ "email": "a@example.jp", "password": password, "display_name": "花子" });
    let short = app.post("/v1/auth/register", &body("14 characters.")).anonymous().send().await;
    assert_eq!(short.violation(), ("/password".to_owned(), "too_short".to_owned()));
    app.post("/v1/auth/register", &body("15 characters..")).anonymous().send().await.is(202);
}
