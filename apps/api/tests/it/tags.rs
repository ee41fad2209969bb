//! What has a version shows it as its entity tag, and is changed over the version that was seen: of every operation of the
//! OpenAPI document.

use crate::app::{Answer, TestApp, instant};
use crate::booked::Booked;
use crate::isolation::Operation;
use crate::person::{PASSWORD, Person, letter};
use crate::staff::hire;
use musubi_api::openapi::document;
use musubi_identity::message::MessageKind;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Changed as it is, whatever its version: who deletes themselves means it.
const AS_IT_IS: [&str; 1] = ["delete_me"];

/// The answers of success of an operation.
fn successes(operation: &Operation) -> Vec<Value> {
    let answers = operation.details["responses"].as_object().expect("answers");
    answers.iter().filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer.clone()).collect()
}

/// Whether an answer shows one thing that has a version.
fn shows_a_version(document: &Value, answer: &Value) -> bool {
    let named = |schema: &Value| {
        let name = schema["$ref"].as_str()?;
        document.pointer(name.trim_start_matches('#')).cloned()
    };
    let schema = answer.pointer("/content/application~1json/schema").cloned().unwrap_or_default();
    let schema = named(&schema).unwrap_or(schema);
    let own = |schema: &Value| schema.pointer("/properties/version").is_some();
    let record = schema.pointer("/properties/lock_reason").and_then(|_| named(&schema["properties"]["user"]));
    own(&schema) || record.is_some_and(|user| own(&user))
}

fn takes(operation: &Operation, header: &str) -> bool {
    let parameters = operation.details["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "header").any(|parameter| parameter["name"] == header)
}

#[test]
fn every_operation_with_a_version_promises_its_tag() {
    let document = document();
    let mut versioned = BTreeSet::new();
    for operation in Operation::every() {
        let shown = successes(&operation).iter().any(|answer| shows_a_version(&document, answer));
        if shown && ["PATCH", "PUT"].contains(&operation.method.as_str()) {
            versioned.insert(operation.path.clone());
        }
    }
    assert!(versioned.len() > 8, "the search is broken: {versioned:?}");
    for operation in Operation::every() {
        let Operation { id, method, path, details } = &operation;
        for answer in successes(&operation) {
            let tagged = answer.pointer("/headers/ETag").is_some();
            assert_eq!(tagged, shows_a_version(&document, &answer), "{id}: an ETag where there is a version");
            let reads = method == "GET" && tagged;
            assert_eq!((takes(&operation, "If-None-Match"), details["responses"].get("304").is_some()), (reads, reads));
        }
        let changes = ["PATCH", "PUT", "DELETE"].contains(&method.as_str()) && !AS_IT_IS.contains(&id.as_str());
        let guarded = changes && versioned.contains(path);
        assert_eq!(takes(&operation, "If-Match"), guarded, "{id}: If-Match");
        assert_eq!(details["responses"].get("412").is_some(), guarded, "{id}: 412");
    }
}

/// The operations that keep what they promise: which were seen to.
#[derive(Default)]
struct Kept {
    tagged: BTreeSet<String>,
    guarded: BTreeSet<String>,
}

impl Kept {
    /// An operation was answered, with its version as its tag.
    #[track_caller]
    fn tag(&mut self, id: &str, answer: &Answer) {
        assert!(answer.status.is_success(), "{id}: {answer:#?}");
        let version = answer.version().unwrap_or_else(|| panic!("{id} shows no version: {answer:#?}"));
        assert_eq!(answer.head("etag"), Some(format!("\"{version}\"").as_str()), "{id}");
        self.tagged.insert(id.to_owned());
    }

    /// An operation was called over a version that nobody has seen.
    #[track_caller]
    fn guard(&mut self, id: &str, answer: &Answer) {
        answer.problem(412, "stale_version");
        self.guarded.insert(id.to_owned());
    }
}

const NEVER_SEEN: &str = "\"999999\"";

#[tokio::test]
async fn every_operation_keeps_what_it_promises_of_versions() {
    let app = TestApp::new().await;
    let mut kept = Kept::default();
    let promises =
        |operation: &Operation| successes(operation).iter().any(|answer| answer.pointer("/headers/ETag").is_some());
    for (index, operation) in Operation::all().filter(promises).enumerate() {
        let answer = operation.by_who_may(&app, &format!("tagged-{index}")).await;
        kept.tag(&operation.id, &answer);
    }
    app.clock.set(instant("2026-03-20T00:00:00Z"));
    let shop = Booked::open(&app, "guarded").await;
    for operation in Operation::all().filter(|operation| takes(operation, "If-Match")) {
        let answer = operation.call(&app, &shop).header("if-match", NEVER_SEEN).send().await;
        kept.guard(&operation.id, &answer);
    }
    of_people(&app, &shop, &mut kept).await;
    let named = |wanted: &dyn Fn(&Operation) -> bool| -> BTreeSet<String> {
        Operation::every().filter(|operation| wanted(operation)).map(|operation| operation.id).collect()
    };
    assert_eq!(kept.tagged, named(&promises));
    assert_eq!(kept.guarded, named(&|operation| takes(operation, "If-Match")));
}

/// What is done by people, and about them.
async fn of_people(app: &TestApp, shop: &Booked, kept: &mut Kept) {
    app.letters.empty();
    let new = json!({ "email": "hanako@example.jp", "password": PASSWORD, "display_name": "花子" });
    app.post("/v1/auth/register", &new).anonymous().send().await.is(202);
    let link = json!({ "token": letter(app, MessageKind::VerifyEmail), "password": PASSWORD });
    kept.tag("verify_email", &app.post("/v1/auth/verify-email", &link).anonymous().send().await);
    let hanako = Person::sign_in(app, "hanako@example.jp").await;
    let own = hanako.access.as_str();
    kept.tag("get_me", &app.get("/v1/me").key(own).send().await);
    let other = json!({ "display_name": "はなこ" });
    kept.tag("patch_me", &app.patch("/v1/me", &other).key(own).send().await);
    kept.guard("patch_me", &app.patch("/v1/me", &other).key(own).header("if-match", NEVER_SEEN).send().await);
    app.post("/v1/me/email", &json!({ "email": "moved@example.jp" })).key(own).send().await.is(202);
    let link = json!({ "token": letter(app, MessageKind::VerifyNewEmail) });
    kept.tag("confirm_email", &app.post("/v1/auth/confirm-email", &link).anonymous().send().await);
    app.letters.empty();

    let wish = json!({ "menu_id": shop.menu, "start": "2026-03-20T07:00:00Z" });
    let booking = app.post(shop.at("/bookings"), &wish).key(own).send().await.is(201).id();
    let booking = format!("/v1/me/bookings/{booking}");
    kept.tag("get_my_booking", &app.get(&booking).key(own).send().await);
    let later = json!({ "start": "2026-03-20T09:00:00Z" });
    kept.tag("reschedule_my_booking", &app.post(format!("{booking}/reschedule"), &later).key(own).send().await);
    kept.tag("cancel_my_booking", &app.post(format!("{booking}/cancel"), &json!({})).key(own).send().await);

    let (taro, _) = hire(app, shop, "taro@example.jp", "owner").await;
    let invited = json!({ "email": "moved@example.jp", "role": "reception" });
    app.post(shop.at("/invitations"), &invited).key(&shop.key).send().await.is(201);
    let token = json!({ "token": letter(app, MessageKind::Invitation) });
    let accepted = app.post("/v1/me/invitations/accept", &token).key(own).send().await;
    kept.tag("accept_invitation", &accepted);
    let at = shop.at(&format!("/staff/{}", accepted.id()));
    let owner = taro.access.as_str();
    kept.tag("get_staff", &app.get(&at).key(owner).send().await);
    let role = json!({ "role": "staff" });
    kept.tag("patch_staff", &app.patch(&at, &role).key(owner).send().await);
    kept.guard("patch_staff", &app.patch(&at, &role).key(owner).header("if-match", NEVER_SEEN).send().await);
    kept.guard("disable_staff", &app.delete(&at).key(owner).header("if-match", NEVER_SEEN).send().await);

    let appointment = json!({ "user_id": taro.id, "role": "support" });
    kept.tag("appoint_admin", &app.post("/v1/admins", &appointment).send().await);
    let user = format!("/v1/users/{}", hanako.id);
    let why = json!({ "reason": "sends advertisements" });
    for (id, step, body) in [
        ("lock_user", "lock", &why),
        ("unlock_user", "unlock", &json!({})),
        ("ban_user", "ban", &why),
        ("unban_user", "unban", &json!({})),
    ] {
        kept.tag(id, &app.post(format!("{user}/{step}"), body).send().await);
    }
    let seen = app.get(&user).send().await;
    kept.tag("get_user", &seen);
    app.get(&user).header("if-none-match", seen.head("etag").expect("a tag")).send().await.is(304);
}
