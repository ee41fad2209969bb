//! Those who look after the platform, through the router.

use crate::app::TestApp;
use crate::person::{PASSWORD, Person, letter};
use crate::shop::Shop;
use musubi_identity::message::MessageKind;
use musubi_identity::people::ports::PeopleStore as _;
use musubi_identity::session::{Method, Session};
use musubi_identity::token::{ACCESS_PREFIX, TokenDigest, new};
use musubi_identity::totp::TotpSecret;
use musubi_kernel::clock::Clock as _;
use musubi_kernel::id::{IdGen as _, SystemIds};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use serde_json::{Value, json};
use uuid::Uuid;

on_each_engine!(
    an_admin_needs_a_second_factor,
    people_are_looked_after,
    people_are_banned,
    a_second_factor_that_is_lost_is_taken_away,
    people_say_how_old_they_are,
    a_person_is_one_wordpress_member,
);

/// The person on another device, where they have shown a second factor too: an access token.
async fn with_second_factor(app: &TestApp, db: &TestDb, person: &Person) -> String {
    let store = db.store();
    let user = person.id.parse::<Uuid>().unwrap().into();
    let known = store.sessions(user, app.clock_now()).await.unwrap().remove(0);
    let (token, access) = new(ACCESS_PREFIX, &SystemIds);
    let digest = || TokenDigest(SystemIds.secret());
    let mut session = Session {
        id: SystemIds.uuid(app.clock.now()).into(),
        family: digest(),
        methods: [Method::Password, Method::OneTimePassword].into(),
        ..known
    };
    (session.newest.access, session.newest.refresh) = (access, digest());
    let mut unit = store.begin().await.unwrap();
    unit.add_session(&session).await.unwrap();
    unit.commit().await.unwrap();
    token.expose().to_owned()
}

async fn an_admin_needs_a_second_factor(db: TestDb) {
    let app = TestApp::on(&db).await;
    let shop = Shop::open(&app, "shop").await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let weak = hanako.access.as_str();
    app.get("/v1/tenants").key(weak).send().await.problem(403, "operator_only");
    app.get("/v1/admins").key(weak).send().await.problem(403, "operator_only");
    let appointed =
        app.post("/v1/admins", &json!({ "email": "hanako@example.jp", "role": "admin" })).send().await.is(200);
    assert_eq!(app.get("/v1/admins").send().await.is(200).ids(), [appointed.id()]);

    let customers = shop.at("/customers");
    let tenant = format!("/v1/tenants/{}", shop.tenant);
    for path in ["/v1/tenants", "/v1/admins", &customers, &tenant, "/v1/users?email=hanako@example.jp"] {
        app.get(path).key(weak).send().await.problem(403, "second_factor_required");
    }
    app.get("/v1/caller").key(weak).send().await.is(200);
    app.get("/v1/me").key(weak).send().await.is(200);

    let strong = with_second_factor(&app, &db, &hanako).await;
    for path in ["/v1/tenants", "/v1/admins", &customers, &tenant, "/v1/users?email=hanako@example.jp"] {
        app.get(path).key(&strong).send().await.is(200);
    }
    let list = format!("/v1/stores?tenant_id={}", shop.tenant);
    app.get(&list).key(&strong).send().await.is(200);
    app.get(&list).key(weak).send().await.problem(403, "second_factor_required");

    app.delete(format!("/v1/admins/{}", appointed.id())).key(&strong).send().await.is(204);
    app.get("/v1/tenants").key(&strong).send().await.problem(403, "operator_only");
    app.get(&customers).key(&strong).send().await.problem(403, "permission_missing");
    for (body, pointer, code) in [
        (json!({ "role": "admin" }), "/user_id", "missing"),
        (json!({ "role": "admin", "email": "nobody@example.jp" }), "/email", "unknown_user"),
        (json!({ "role": "admin", "email": "hanako@example.jp", "user_id": hanako.id }), "/email", "not_allowed"),
    ] {
        let refused = app.post("/v1/admins", &body).send().await;
        assert_eq!(refused.violation(), (pointer.to_owned(), code.to_owned()));
    }
}

async fn people_are_looked_after(db: TestDb) {
    let app = TestApp::on(&db).await;
    let (support, hanako) =
        (Person::sign_up(&app, "support@example.jp").await, Person::sign_up(&app, "hanako@example.jp").await);
    app.post("/v1/admins", &json!({ "user_id": support.id, "role": "support" })).send().await.is(200);
    let own = with_second_factor(&app, &db, &support).await;
    app.get("/v1/tenants").key(&own).send().await.problem(403, "operator_only");
    app.get("/v1/users?email=hanako@example.jp").key(&hanako.access).send().await.problem(403, "support_only");
    app.get("/v1/users?email=hanako@example.jp").anonymous().send().await.problem(401, "unauthenticated");

    let found = app.get("/v1/users?email=HANAKO@example.jp").key(&own).send().await.is(200).body;
    assert_eq!(found["items"][0]["user"]["id"], hanako.id);
    let none = app.get("/v1/users?email=nobody@example.jp").key(&own).send().await.is(200).body;
    assert_eq!(none["items"], json!([]));
    app.get("/v1/users?email=nobody").key(&own).send().await.problem(400, "invalid_request");
    let at = format!("/v1/users/{}", hanako.id);
    let lock = json!({ "reason": "sends advertisements" });
    let locked = app.post(format!("{at}/lock"), &lock).key(&own).send().await.is(200).body;
    assert_eq!((&locked["user"]["status"], &locked["lock_reason"]), (&json!("locked"), &lock["reason"]));
    app.get("/v1/me").key(&hanako.access).send().await.problem(401, "bad_credentials");
    app.post(format!("{at}/lock"), &lock).key(&own).send().await.problem(422, "wrong_status");
    let unlocked = app.post(format!("{at}/unlock"), &json!({})).key(&own).send().await.is(200).body;
    assert_eq!((&unlocked["user"]["status"], &unlocked["lock_reason"]), (&json!("active"), &json!(null)));
    app.get(&at).key(&own).send().await.is(200);

    // Who looks after people does not decide about admins.
    let spared = format!("/v1/users/{}/lock", support.id);
    app.post(&spared, &lock).key(&own).send().await.problem(403, "operator_only");
    app.post(&spared, &lock).send().await.is(200);
    app.get(&at).key(&own).send().await.problem(401, "bad_credentials");
}

async fn people_are_banned(db: TestDb) {
    let app = TestApp::on(&db).await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let mut acting = Vec::new();
    for role in ["support", "moderator", "admin"] {
        let admin = Person::sign_up(&app, &format!("{role}@example.jp")).await;
        app.post("/v1/admins", &json!({ "user_id": admin.id, "role": role })).send().await.is(200);
        acting.push((with_second_factor(&app, &db, &admin).await, admin));
    }
    let [(support, _), (moderator, moderating), (strong, admin)] = acting.as_slice() else { unreachable!("three") };
    let at = format!("/v1/users/{}", hanako.id);
    let (ban, unban, why) = (format!("{at}/ban"), format!("{at}/unban"), json!({ "reason": "threatened a shop" }));
    app.post(&ban, &why).anonymous().send().await.problem(401, "unauthenticated");
    for weak in [&hanako.access, support] {
        app.post(&ban, &why).key(weak).send().await.problem(403, "moderator_only");
        app.post(&unban, &json!({})).key(weak).send().await.problem(403, "moderator_only");
    }
    app.post(&ban, &why).key(&moderating.access).send().await.problem(403, "second_factor_required");
    for (body, code) in [(json!({}), "missing"), (json!({ "reason": " " }), "blank")] {
        let wrong = app.post(&ban, &body).key(moderator).send().await;
        assert_eq!(wrong.violation(), ("/reason".to_owned(), code.to_owned()));
    }
    app.post(&unban, &json!({})).key(moderator).send().await.problem(422, "wrong_status");
    app.get("/v1/me").key(&hanako.access).send().await.is(200);

    let banned = app.post(&ban, &why).key(moderator).send().await.is(200).body;
    assert_eq!((&banned["user"]["status"], &banned["lock_reason"]), (&json!("banned"), &why["reason"]));
    letter(&app, MessageKind::Banned);
    app.get("/v1/me").key(&hanako.access).send().await.problem(401, "bad_credentials");
    let credentials = json!({ "email": "hanako@example.jp", "password": PASSWORD });
    app.post("/v1/auth/sign-in", &credentials).anonymous().send().await.problem(401, "wrong_credentials");
    app.post(format!("{at}/unlock"), &json!({})).key(support).send().await.problem(422, "wrong_status");
    app.post(&ban, &why).key(moderator).send().await.problem(422, "wrong_status");
    let back = app.post(&unban, &json!({})).key(strong).send().await.is(200).body;
    assert_eq!((&back["user"]["status"], &back["lock_reason"]), (&json!("active"), &json!(null)));
    letter(&app, MessageKind::Unbanned);
    Person::sign_in(&app, "hanako@example.jp").await;

    // Who may not decide about admins does not ban them, and nobody bans themselves.
    let of = |person: &Person| format!("/v1/users/{}/ban", person.id);
    app.post(of(admin), &why).key(moderator).send().await.problem(403, "operator_only");
    app.post(of(admin), &why).key(strong).send().await.problem(422, "own_ban");
    app.post(of(moderating), &why).key(strong).send().await.is(200);
    app.get(&at).key(moderator).send().await.problem(401, "bad_credentials");

    // Who did it; the reason stands with the person, and goes with the ban.
    let query = Query::select()
        .columns(["action", "actor_id", "after_data"])
        .from("audit_log")
        .and_where(Expr::col("action").is_in(["user.banned", "user.unbanned"]))
        .to_owned();
    let mut kinds = Vec::new();
    for row in db.db.all(&query).await.unwrap() {
        let after = row.get::<String>("after_data").unwrap();
        assert!(!after.contains("threatened"), "{after}");
        assert!(row.get::<Option<Uuid>>("actor_id").unwrap().is_some());
        kinds.push(row.get::<String>("action").unwrap());
    }
    kinds.sort();
    assert_eq!(kinds, ["user.banned", "user.banned", "user.unbanned"]);
}

async fn a_second_factor_that_is_lost_is_taken_away(db: TestDb) {
    let app = TestApp::on(&db).await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let (support, admin) =
        (Person::sign_up(&app, "support@example.jp").await, Person::sign_up(&app, "admin@example.jp").await);
    app.post("/v1/admins", &json!({ "user_id": support.id, "role": "support" })).send().await.is(200);
    app.post("/v1/admins", &json!({ "user_id": admin.id, "role": "admin" })).send().await.is(200);
    let (support, strong) =
        (with_second_factor(&app, &db, &support).await, with_second_factor(&app, &db, &admin).await);
    let begun = app.post("/v1/me/two-factor/totp", &json!({})).key(&hanako.access).send().await.is(200).body;
    let secret = TotpSecret::from_base32(begun["secret"].as_str().unwrap()).unwrap();
    let confirm = json!({ "code": secret.code_at(app.clock_now()).expose() });
    app.post("/v1/me/two-factor/totp/confirm", &confirm).key(&hanako.access).send().await.is(200);
    letter(&app, MessageKind::TwoFactorChanged);
    let credentials = json!({ "email": "hanako@example.jp", "password": PASSWORD });
    let sign_in = async || app.post("/v1/auth/sign-in", &credentials).anonymous().send().await.is(200).body;
    assert_eq!(sign_in().await["outcome"], "second_factor");

    let (at, why) = (format!("/v1/users/{}/remove-two-factor", hanako.id), json!({ "reason": "lost her phone" }));
    app.post(&at, &why).anonymous().send().await.problem(401, "unauthenticated");
    app.post(&at, &why).key(&hanako.access).send().await.problem(403, "operator_only");
    app.post(&at, &why).key(&support).send().await.problem(403, "operator_only");
    app.post(&at, &why).key(&admin.access).send().await.problem(403, "second_factor_required");
    let blank = app.post(&at, &json!({ "reason": " " })).key(&strong).send().await;
    assert_eq!(blank.violation(), ("/reason".to_owned(), "blank".to_owned()));
    assert_eq!(app.post(&at, &json!({})).key(&strong).send().await.violation().1, "missing");
    let own = format!("/v1/users/{}/remove-two-factor", admin.id);
    app.post(&own, &why).key(&strong).send().await.problem(422, "own_second_factor");
    app.get("/v1/me").key(&hanako.access).send().await.is(200);

    app.post(&at, &why).key(&strong).send().await.is(204);
    letter(&app, MessageKind::TwoFactorRemoved);
    app.get("/v1/me").key(&hanako.access).send().await.problem(401, "bad_credentials");
    assert_eq!(sign_in().await["outcome"], "signed_in");
    app.post(&at, &why).send().await.problem(422, "no_second_factor");

    // Who did it, to whom, and why.
    let query = Query::select()
        .columns(["actor_id", "after_data"])
        .from("audit_log")
        .and_where(Expr::col("action").eq("two_factor.removed"))
        .to_owned();
    let rows = db.db.all(&query).await.unwrap();
    let [row] = rows.as_slice() else { panic!("{} entries", rows.len()) };
    let after: Value = serde_json::from_str(&row.get::<String>("after_data").unwrap()).unwrap();
    let expected = json!({ "reason": "lost her phone", "app": true, "passkeys": 0, "recovery_codes_left": 10 });
    assert_eq!(after, expected);
}

async fn people_say_how_old_they_are(db: TestDb) {
    let app = TestApp::on(&db).await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let own = hanako.access.as_str();
    let read = app.get("/v1/me").key(own).send().await.is(200);
    assert_eq!((read.head("etag"), &read.body["age_group_id"]), (Some("\"1\""), &json!(null)));
    let groups = app.get("/v1/age-groups").anonymous().send().await.is(200).body;
    let adult =
        groups["items"].as_array().unwrap().iter().find(|group| group["code"] == "25_34").unwrap()["id"].clone();

    let patch = json!({ "age_group_id": adult });
    let said = app.patch("/v1/me", &patch).key(own).header("if-match", "\"1\"").send().await.is(200);
    assert_eq!((said.head("etag"), &said.body["age_group_id"]), (Some("\"2\""), &adult));
    assert_eq!(said.body["display_name"], "花子");
    app.patch("/v1/me", &patch).key(own).header("if-match", "\"1\"").send().await.problem(412, "stale_version");
    assert_eq!(app.get("/v1/me").key(own).send().await.is(200).body["age_group_id"], adult);
    let record = app.get(format!("/v1/users/{}", hanako.id)).send().await.is(200).body;
    assert_eq!(record["user"]["age_group_id"], adult);

    for (body, pointer, code) in [
        (json!({ "age_group_id": 9 }), "/age_group_id", "unknown_age_group"),
        (json!({ "age_group_id": 3_000_000_000_u64 }), "/age_group_id", "too_large"),
        (json!({ "age_group_id": "25_34" }), "/age_group_id", "wrong_type"),
        (json!({ "display_name": "" }), "/display_name", "blank"),
        (json!({ "display_name": null }), "/display_name", "missing"),
        (json!({ "locale": "fr" }), "/locale", "not_one_of"),
        (json!({ "email": "new@example.jp" }), "/email", "unknown_field"),
    ] {
        let wrong = app.patch("/v1/me", &body).key(own).send().await;
        assert_eq!(wrong.violation(), (pointer.to_owned(), code.to_owned()), "{body}");
    }
    let other = json!({ "display_name": "Hanako 🌸", "locale": "en", "age_group_id": null });
    let other = app.patch("/v1/me", &other).key(own).send().await.is(200).body;
    assert_eq!((&other["display_name"], &other["locale"]), (&json!("Hanako 🌸"), &json!("en")));
    assert_eq!((&other["age_group_id"], &other["version"]), (&json!(null), &json!(3)));
    app.patch("/v1/me", &patch).anonymous().send().await.problem(401, "unauthenticated");
    app.patch("/v1/me", &patch).send().await.problem(403, "person_only");
}

async fn a_person_is_one_wordpress_member(db: TestDb) {
    let app = TestApp::on(&db).await;
    let (hanako, taro) =
        (Person::sign_up(&app, "hanako@example.jp").await, Person::sign_up(&app, "taro@example.jp").await);
    let of = |person: &Person| format!("/v1/users/{}/wordpress-link", person.id);
    let member = json!({ "wp_user_id": 42 });
    app.put(of(&hanako), &member).key(&hanako.access).send().await.problem(403, "operator_only");
    app.get(of(&hanako)).send().await.problem(404, "not_found");
    assert_eq!(app.put(of(&hanako), &member).send().await.is(200).body["wp_user_id"], 42);
    app.put(of(&taro), &member).send().await.problem(409, "wordpress_user_taken");
    assert_eq!(app.get(of(&hanako)).send().await.is(200).body["user_id"], hanako.id);
    app.delete(of(&hanako)).send().await.is(204);
    app.put(of(&taro), &member).send().await.is(200);
    let groups = app.get("/v1/age-groups").anonymous().send().await.is(200).body;
    assert_eq!(groups["items"].as_array().map(Vec::len), Some(8));
}
