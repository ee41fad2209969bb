//! Who may do what: every operation of the OpenAPI document is called as everybody, and `docs/permissions.md` says what each
//! of them is answered. A change of that page is a change of who may do what: look at it before it is blessed.

mod page;
mod party;

use crate::app::TestApp;
use crate::booked::Booked;
use crate::isolation::{ASK_LATE, DANGEROUS, Operation};
use crate::person::Person;
use party::{House, Party};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

/// What somebody is answered, as far as access goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// They get as far as the use case, whatever that says.
    Reached,
    /// 401: it takes credentials.
    Unauthenticated,
    /// 403: known, and not allowed.
    Forbidden,
    /// 403: allowed, once they prove again who they are.
    Unproven,
    /// 404: not even told that it exists.
    Hidden,
    /// 401: the signature of a carrier opens it, and nothing else does.
    Unsigned,
}

impl Outcome {
    fn of(operation: &Operation, answer: &crate::app::Answer) -> Self {
        assert!(!answer.status.is_server_error(), "{}: {answer:#?}", operation.id);
        match answer.body["code"].as_str().unwrap_or_default() {
            "unauthenticated" => Self::Unauthenticated,
            "permission_missing" | "operator_only" | "support_only" | "moderator_only" | "person_only" => {
                Self::Forbidden
            }
            "step_up_required" => Self::Unproven,
            "bad_signature" => Self::Unsigned,
            // The paths of a person name what is their own alone: that there is no such thing is theirs to know.
            "not_found" if operation.tag() == "me" && !operation.path.contains("{booking_id}") => Self::Reached,
            "not_found" => Self::Hidden,
            code => {
                assert!(!["invalid_request", "bad_credentials"].contains(&code), "{}: {answer:#?}", operation.id);
                Self::Reached
            }
        }
    }
}

/// What ends the party's credentials, or the shop, comes last.
fn order(operation: &Operation) -> (usize, std::cmp::Reverse<usize>) {
    const LAST: [&str; 5] = ["delete_store", "patch_tenant", "leave_store", "sign_out", "delete_me"];
    let last = LAST.iter().position(|id| *id == operation.id).map(|place| place + 10);
    let method = ["PUT", "GET", "PATCH", "POST", "DELETE"].iter().position(|method| *method == operation.method);
    (last.or(method).expect("a known method"), std::cmp::Reverse(operation.path.len()))
}

#[tokio::test]
async fn everybody_may_do_what_the_page_says() {
    let app = TestApp::with(|ground| ground.sign_ins.limits_clients = false).await;
    let mut operations: Vec<Operation> = Operation::every().collect();
    operations.sort_by_key(order);
    let mut answers = Vec::new();
    for party in Party::ALL {
        let mut house = House::open(&app, *party).await;
        for operation in &operations {
            let call = house.call(&app, operation).await;
            answers.push((operation.id.clone(), *party, Outcome::of(operation, &call.send().await)));
        }
    }
    let asked = |by_unproven: bool| {
        let asked = answers
            .iter()
            .filter(|(_, party, outcome)| (*party == Party::Unproven) == by_unproven && *outcome == Outcome::Unproven);
        asked.map(|(id, ..)| id.as_str()).collect::<BTreeSet<_>>()
    };
    let dangerous = DANGEROUS.iter().copied().filter(|id| !ASK_LATE.contains(id));
    assert_eq!(asked(true), dangerous.collect(), "what asks for a recent proof");
    assert_eq!(asked(false), BTreeSet::new(), "a sign-in is one, and keys need none");
    let real = page::written(&answers);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
    if std::env::var_os("MUSUBI_BLESS").is_some() {
        std::fs::write(&file, &real).expect("the page can be written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    let differs = committed.lines().zip(real.lines()).find(|(committed, real)| committed != real);
    assert!(
        committed == real,
        "docs/permissions.md differs: {differs:#?}; look at the change, then run the tests with MUSUBI_BLESS=1",
    );
}

#[tokio::test]
async fn nobody_reaches_what_is_another_persons() {
    let app = TestApp::new().await;
    let shop = Booked::open(&app, "shop").await;
    let hanako = Person::sign_up(&app, "hanako@example.jp").await;
    let taro = Person::sign_up(&app, "taro@example.jp").await;
    let wish = json!({ "menu_id": shop.menu, "start": "2026-03-20T07:00:00Z" });
    let booking = app.post(shop.at("/bookings"), &wish).key(&hanako.access).send().await.is(201).id();
    let accounts = app.get("/v1/me/accounts").key(&hanako.access).send().await.is(200).ids();
    let hers = [("booking_id", booking.as_str()), ("session_id", &hanako.session), ("account_id", &accounts[0])];
    let mut tried = 0;
    for operation in Operation::every().filter(|operation| operation.tag() == "me") {
        let Some((name, id)) = hers.iter().find(|(name, _)| operation.path.contains(&format!("{{{name}}}"))) else {
            continue;
        };
        let path = operation.path.replace(&format!("{{{name}}}"), id);
        let call = app.call(operation.method.parse().unwrap(), path).key(&taro.access);
        let call = if operation.has_body() { call.json(&operation.example()) } else { call };
        call.send().await.problem(404, "not_found");
        tried += 1;
    }
    assert_eq!(tried, 6);
    assert_eq!(app.get("/v1/me/bookings").key(&taro.access).send().await.is(200).ids(), [""; 0]);
    app.get("/v1/me").key(&hanako.access).send().await.is(200);
    let still = app.get(format!("/v1/me/bookings/{booking}")).key(&hanako.access).send().await.is(200);
    assert_eq!(still.body["status"], "confirmed");
}
