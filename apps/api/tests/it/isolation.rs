//! Nobody reaches what is not theirs: every operation of the OpenAPI document is called without credentials, with
//! another tenant's key, with a sister store's key, and with a key that has no permission for it.

use crate::app::{Answer, Call, TestApp, instant};
use crate::booked::Booked;
use crate::openapi::{example_of, operations};
use crate::person::{PASSWORD, Person, long_ago};
use crate::shop::{all_permissions, new_store};
use crate::staff::hire;
use axum::http::Method;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Operations that answer without credentials. Only to be shortened, or lengthened for a new public page.
const PUBLIC: &[&str] = &[
    "cancel_own_booking",
    "create_booking",
    "find_slots",
    "healthz",
    "hold_slot",
    "make_line_code",
    "readyz",
    "release_hold",
    "reschedule_own_booking",
    "see_booking",
    "see_booking_ics",
    "see_consent",
    "see_menus",
    "see_resources",
    "see_store",
    "withdraw_consent",
];

/// Operations that ask a person for a recent proof of who they are. Only to be lengthened: who holds a stolen token does none of
/// these.
pub(crate) const DANGEROUS: &[&str] = &[
    "add_passkey",
    "appoint_admin",
    "ban_user",
    "begin_account_link",
    "begin_passkey",
    "begin_totp",
    "change_email",
    "change_password",
    "confirm_totp",
    "create_api_key",
    "create_webhook_endpoint",
    "delete_me",
    "delete_store",
    "delete_wordpress_link",
    "disable_staff",
    "disable_totp",
    "dismiss_admin",
    "finish_account_link",
    "invite_staff",
    "leave_store",
    "lock_user",
    "patch_staff",
    "patch_tenant",
    "patch_webhook_endpoint",
    "put_wordpress_link",
    "remove_passkey",
    "remove_two_factor",
    "remove_webhook_endpoint",
    "renew_recovery_codes",
    "renew_webhook_secret",
    "revoke_api_key",
    "revoke_invitation",
    "unban_user",
    "unlink_account",
    "unlock_user",
];

/// Those of them that look at what was brought first, and ask once that is good: their own tests show it.
pub(crate) const ASK_LATE: &[&str] = &["add_passkey", "finish_account_link"];

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) details: Value,
}

impl Operation {
    /// Every one of the document.
    pub(crate) fn every() -> impl Iterator<Item = Self> {
        operations().into_iter().map(|(method, path, details)| {
            let id = details["operationId"].as_str().expect("an id").to_owned();
            Self { id, method, path, details }
        })
    }

    /// Those on a shop. What is a person's own has tests of its own; so have staff and the platform, which are made of people, and what
    /// carriers tell, which their signature admits.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let apart = ["sign-in", "me", "staff", "platform", "carriers"];
        Self::every().filter(move |operation| !apart.contains(&operation.tag()))
    }

    pub(crate) fn tag(&self) -> &str {
        self.details["tags"][0].as_str().expect("a tag")
    }

    pub(crate) fn has_body(&self) -> bool {
        self.details.get("requestBody").is_some()
    }

    /// The body that the document shows.
    pub(crate) fn example(&self) -> Value {
        example_of(&self.details).unwrap_or_else(|| panic!("{} has no example", self.id))
    }

    /// The query, of what it must have and what `asked` knows.
    pub(crate) fn query<'a>(&self, asked: impl Fn(&str) -> Option<&'a str>) -> String {
        let mut query = String::new();
        for parameter in self.details["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let wanted = parameter["required"] == true || ["tenant_id", "menu_id", "year"].contains(&name);
            if parameter["in"] == "query" && wanted {
                let value = asked(name).unwrap_or_else(|| panic!("{}: say what {name} is to be", self.id));
                let _ = write!(query, "{}{name}={value}", if query.is_empty() { '?' } else { '&' });
            }
        }
        query
    }

    /// Those whose answer depends on who calls.
    fn guarded() -> impl Iterator<Item = Self> {
        let open = |operation: &Self| operation.path.starts_with("/v1/public") || !operation.path.starts_with("/v1");
        Self::all().filter(move |operation| !open(operation) && operation.id != "get_caller")
    }

    fn is_public(&self) -> bool {
        PUBLIC.contains(&self.id.as_str())
    }

    fn is_the_operators(&self) -> bool {
        ["create_tenant", "list_tenants", "patch_tenant"].contains(&self.id.as_str())
    }

    /// The call of it on a shop's things, as the operator.
    pub(crate) fn call<'a>(&self, app: &'a TestApp, shop: &Booked) -> Call<'a> {
        let query = self.query(|name| shop.asked(name));
        let address = format!("{}{query}", shop.address(&self.path));
        let call = app.call(self.method.parse::<Method>().expect("a method"), address);
        let Some(body) = shop.body(&self.id) else {
            assert!(self.details.get("requestBody").is_none(), "{}: say what its body is to be", self.id);
            return call;
        };
        call.json(&body)
    }

    /// What it answers to who may, on a fresh shop on which it can be done.
    pub(crate) async fn by_who_may(&self, app: &TestApp, slug: &str) -> Answer {
        app.clock.set(instant("2026-03-20T00:00:00Z"));
        let shop = match self.id.as_str() {
            "confirm_booking" => Booked::pending(app, slug).await,
            _ => Booked::open(app, slug).await,
        };
        if ["complete_booking", "mark_no_show"].contains(&self.id.as_str()) {
            app.clock.set(instant("2026-03-20T05:00:00Z"));
        }
        let call = self.call(app, &shop);
        let call = if self.is_the_operators() { call } else { call.key(&shop.key) };
        call.send().await
    }
}

#[tokio::test]
async fn without_credentials_only_public_pages_answer() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "ours").await;
    for operation in Operation::all() {
        let id = &operation.id;
        let ways = operation.details["security"].as_array().cloned().unwrap_or_default();
        let declared = ways.contains(&json!({}));
        assert_eq!(declared, operation.is_public(), "{id}: the document and the list of public operations differ");
        if operation.is_public() {
            let fresh = Booked::open(&app, &format!("fresh-{}", id.replace('_', "-"))).await;
            let answer = operation.call(&app, &fresh).anonymous().send().await;
            assert!(answer.status.is_success(), "{id}: {answer:#?}");
            continue;
        }
        let before = shop.everything(&app).await;
        let answer = operation.call(&app, &shop).anonymous().send().await;
        answer.problem(401, "unauthenticated");
        assert!(answer.head("www-authenticate").is_some_and(|how| how.starts_with("Bearer")));
        assert_eq!(shop.everything(&app).await, before, "{id} has changed something");
    }
}

#[tokio::test]
async fn a_bad_key_opens_nothing_not_even_public_pages() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "ours").await;
    for operation in Operation::all().filter(|operation| operation.path.starts_with("/v1")) {
        operation.call(&app, &shop).key("msb_no-such-key").send().await.problem(401, "bad_credentials");
    }
}

#[tokio::test]
async fn another_tenants_key_sees_nothing_of_it() {
    let app = TestApp::new().await;
    let (shop, other) = (Booked::open(&app, "ours").await, Booked::open(&app, "theirs").await);
    let before = shop.everything(&app).await;
    for operation in Operation::guarded() {
        let answer = operation.call(&app, &shop).key(&other.key).send().await;
        if operation.is_the_operators() {
            answer.problem(403, "operator_only");
        } else {
            answer.problem(404, "not_found");
        }
        assert_eq!(shop.everything(&app).await, before, "{} has changed something", operation.id);
    }
}

#[tokio::test]
async fn another_stores_key_of_the_same_tenant_sees_nothing_of_it() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "ours").await;
    let sister = app.post("/v1/stores", &new_store("sister")).key(&shop.key).send().await.is(201).id();
    let key = json!({ "name": "sister", "store_id": sister, "permissions": all_permissions() });
    let key = app.post("/v1/api-keys", &key).key(&shop.key).send().await.is(201).body;
    let key = key["secret"].as_str().expect("a secret");
    let before = shop.everything(&app).await;
    let of_a_store = |path: &str| path.contains("{store_id}") || path.contains("{key_id}");
    for operation in Operation::guarded().filter(|operation| of_a_store(&operation.path)) {
        operation.call(&app, &shop).key(key).send().await.problem(404, "not_found");
        assert_eq!(shop.everything(&app).await, before, "{} has changed something", operation.id);
    }
}

#[tokio::test]
async fn a_key_without_the_permission_may_not() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "ours").await;
    for operation in Operation::guarded() {
        // Every permission but those that could be meant.
        let area = match operation.details["tags"][0].as_str().expect("a tag") {
            "tenants" => "tenant.",
            "stores" if operation.method == "POST" => "tenant.",
            "promotions" if operation.method == "POST" => "promotion.",
            "customers" | "notifications" | "promotions" => "customer.",
            "slots" | "bookings" => "booking.",
            "keys" => "key.",
            "audit" => "audit.",
            "webhooks" => "webhook.",
            _ => "catalog.",
        };
        let permissions: Vec<_> = all_permissions().into_iter().filter(|code| !code.starts_with(area)).collect();
        let key = json!({ "name": "weak", "tenant_id": shop.tenant, "permissions": permissions });
        let key = app.post("/v1/api-keys", &key).send().await.is(201).body;
        let before = shop.everything(&app).await;
        let answer = operation.call(&app, &shop).key(key["secret"].as_str().expect("a secret")).send().await;
        assert_eq!(answer.status.as_u16(), 403, "{}: {answer:#?}", operation.id);
        assert_eq!(shop.everything(&app).await, before, "{} has changed something", operation.id);
    }
}

#[tokio::test]
async fn the_owner_and_the_operator_may() {
    let app = TestApp::new().await;
    for (index, operation) in Operation::all().enumerate() {
        let id = operation.id.as_str();
        let answer = operation.by_who_may(&app, &format!("shop-{index}")).await;
        assert!(answer.status.is_success(), "{id}: {answer:#?}");
        let documented = operation.details["responses"].as_object().expect("answers");
        assert!(documented.contains_key(answer.status.as_str()), "{id}: {} is not documented", answer.status);
    }
}

#[test]
fn the_document_marks_what_asks_for_a_recent_proof() {
    let marked: Vec<_> = Operation::every().filter(|operation| operation.details["x-recent-proof"] == true).collect();
    let mut ids: Vec<_> = marked.iter().map(|operation| operation.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, DANGEROUS);
}

/// Admins, and what is a person's own, are walked with everybody else, see [`crate::permissions`].
#[tokio::test]
async fn an_owners_token_alone_decides_nothing() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "ours").await;
    let (_, account) = hire(&app, &shop, "reception@example.jp", "reception").await;
    let (owner, own_account) = hire(&app, &shop, "owner@example.jp", "owner").await;
    hire(&app, &shop, "second@example.jp", "owner").await;
    let open = json!({ "email": "guest@example.jp", "role": "staff" });
    let open = app.post(shop.at("/invitations"), &open).key(&owner.access).send().await.is(201).id();
    let key = json!({ "name": "till", "store_id": shop.store, "permissions": ["catalog.read"] });
    let made = app.post("/v1/api-keys", &key).key(&owner.access).send().await.is(201).body;
    let made = made["key"]["id"].as_str().expect("an id");
    app.letters.empty();
    let (staff, keys) = (shop.at("/staff"), format!("/v1/api-keys?store_id={}", shop.store));
    let seen = async || {
        let mut seen = Vec::new();
        for path in [&staff, &shop.at("/invitations"), &keys] {
            seen.push(app.get(path).key(&owner.access).send().await.is(200).body);
        }
        (seen, app.letters.empty().len())
    };
    let thief = json!({ "email": "thief@example.jp", "role": "owner" });
    // In an order in which none stands in the way of the next.
    let calls = || {
        [
            ("create_api_key", app.post("/v1/api-keys", &key)),
            ("revoke_api_key", app.delete(format!("/v1/api-keys/{made}?store_id={}", shop.store))),
            ("invite_staff", app.post(shop.at("/invitations"), &thief)),
            ("revoke_invitation", app.delete(shop.at(&format!("/invitations/{open}")))),
            ("patch_staff", app.patch(format!("{staff}/{account}"), &json!({ "role": "owner" }))),
            ("disable_staff", app.delete(format!("{staff}/{account}"))),
            ("leave_store", app.delete(format!("/v1/me/stores/{}", shop.store))),
        ]
    };
    let before = seen().await;
    let late = long_ago(&app, Person::sign_in(&app, "owner@example.jp")).await;
    for (id, call) in calls() {
        assert!(DANGEROUS.contains(&id), "{id}");
        call.key(&late.access).send().await.problem(403, "step_up_required");
        assert_eq!(seen().await, before, "{id} has changed something");
    }
    // Nor does who may not do it anyway hear anything else than before, and what is not dangerous goes on.
    app.get(format!("{staff}/{own_account}")).key(&late.access).send().await.is(200);
    let reception = long_ago(&app, Person::sign_in(&app, "reception@example.jp")).await;
    app.delete(format!("{staff}/{account}")).key(&reception.access).send().await.problem(403, "permission_missing");

    let proof = json!({ "password": PASSWORD });
    app.post("/v1/me/step-up", &proof).key(&late.access).send().await.is(200);
    for (id, call) in calls() {
        let answer = call.key(&late.access).send().await;
        assert!(answer.status.is_success(), "{id}: {answer:#?}");
    }
}
