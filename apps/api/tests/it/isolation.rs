//! Nobody reaches what is not theirs: every operation of the OpenAPI document is called without credentials, with
//! another tenant's key, with a sister store's key, and with a key that has no permission for it.

use crate::app::{Call, TestApp, instant};
use crate::booked::Booked;
use crate::openapi::operations;
use crate::shop::{all_permissions, new_store};
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
    "readyz",
    "release_hold",
    "reschedule_own_booking",
    "see_booking",
    "see_booking_ics",
    "see_menus",
    "see_resources",
    "see_store",
];

/// An operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) details: Value,
}

impl Operation {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        operations().into_iter().map(|(method, path, details)| {
            let id = details["operationId"].as_str().expect("an id").to_owned();
            Self { id, method, path, details }
        })
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
        let mut address = shop.address(&self.path);
        let mut separator = '?';
        for parameter in self.details["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().expect("a name");
            let value = match name {
                _ if parameter["in"] != "query" => continue,
                "tenant_id" => &shop.tenant,
                "menu_id" => &shop.menu,
                "year" => "2026",
                "from" if parameter["required"] == true => "2026-03-20",
                "to" if parameter["required"] == true => "2026-03-21",
                _ if parameter["required"] == true => panic!("{}: say what {name} is to be", self.id),
                _ => continue,
            };
            let _ = write!(address, "{separator}{name}={value}");
            separator = '&';
        }
        let call = app.call(self.method.parse::<Method>().expect("a method"), address);
        let Some(body) = shop.body(&self.id) else {
            assert!(self.details.get("requestBody").is_none(), "{}: say what its body is to be", self.id);
            return call;
        };
        call.json(&body)
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
            "customers" => "customer.",
            "slots" | "bookings" => "booking.",
            "keys" => "key.",
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
    let morning = instant("2026-03-20T00:00:00Z");
    // Each operation meets a fresh shop.
    for (index, operation) in Operation::all().enumerate() {
        let (id, slug) = (operation.id.as_str(), format!("shop-{index}"));
        app.clock.set(morning);
        let shop = match id {
            "confirm_booking" => Booked::pending(&app, &slug).await,
            _ => Booked::open(&app, &slug).await,
        };
        if ["complete_booking", "mark_no_show"].contains(&id) {
            app.clock.set(instant("2026-03-20T05:00:00Z"));
        }
        let call = operation.call(&app, &shop);
        let call = if operation.is_the_operators() { call } else { call.key(&shop.key) };
        let answer = call.send().await;
        assert!(answer.status.is_success(), "{id}: {answer:#?}");
        let documented = operation.details["responses"].as_object().expect("answers");
        assert!(documented.contains_key(answer.status.as_str()), "{id}: {} is not documented", answer.status);
    }
}
