//! What cannot be seen from the answers. That the use cases do what they say is tested over every store, with the SQL
//! adapter.

use super::memory::{Letterbox, PeopleInMemory, PlainPasswords};
use super::{People, Ports};
use crate::lifetimes::Lifetimes;
use crate::locale::Locale;
use crate::one_time_token::Newcomer;
use musubi_kernel::access::{Actor, Caller};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::id::CountingIds;
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use std::borrow::Cow;
use std::sync::Arc;

struct World {
    people: People,
    store: Arc<PeopleInMemory>,
    letters: Arc<Letterbox>,
}

fn world() -> World {
    let (store, letters) = (Arc::new(PeopleInMemory::default()), Arc::new(Letterbox::default()));
    let clock = ManualClock::at("2026-03-20T01:02:03Z".parse().unwrap());
    let ports = Ports {
        store: store.clone(),
        passwords: Arc::new(PlainPasswords),
        courier: letters.clone(),
        clock: Arc::new(clock),
        ids: Arc::new(CountingIds::default()),
        pause: Arc::new(NoPause),
    };
    World { people: People::new(ports, Lifetimes::default()), store, letters }
}

fn visitor() -> Caller {
    Caller { actor: Actor::Public, ..Caller::system() }
}

fn hanako() -> Newcomer {
    Newcomer {
        email: "hanako@example.jp".parse().unwrap(),
        password_hash: PlainPasswords::hash("secret"),
        locale: Locale::Ja,
        display_name: "花子".into(),
    }
}

#[tokio::test]
async fn as_much_is_written_for_known_and_unknown_addresses() {
    let World { people, store, letters } = world();
    people.register(&visitor(), &hanako()).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    people.verify_email(&visitor(), link.expose()).await.unwrap();

    let nobody = Newcomer { email: "nobody@example.jp".parse().unwrap(), ..hanako() };
    let mut written = Vec::new();
    for newcomer in [hanako(), nobody] {
        let before = (store.rows(), store.records().len());
        people.register(&visitor(), &newcomer).await.unwrap();
        people.ask_reset(&visitor(), &newcomer.email).await.unwrap();
        let wrong = Secret::new("wrong");
        people.sign_in(&visitor(), newcomer.email.as_str(), &wrong).await.unwrap_err();
        written.push((store.rows() - before.0, store.records().len() - before.1));
    }
    assert_eq!(written, [(2, 3), (2, 3)]);
}

#[tokio::test]
async fn what_happens_is_recorded_with_who_did_it() {
    let World { people, store, letters } = world();
    people.register(&visitor(), &hanako()).await.unwrap();
    let link = letters.empty().remove(0).token.unwrap();
    let user = people.verify_email(&visitor(), link.expose()).await.unwrap();
    people.sign_in(&visitor(), "hanako@example.jp", &Secret::new("wrong")).await.unwrap_err();
    let signed_in = people.sign_in(&visitor(), "hanako@example.jp", &Secret::new("secret")).await.unwrap();
    let scope = signed_in.session.actor().as_person().unwrap();
    let caller = Caller { actor: signed_in.session.actor(), ..visitor() };
    people.refresh(&caller, signed_in.tokens.refresh.expose()).await.unwrap();
    people.change_password(&caller, &scope, &Secret::new("secret"), &PlainPasswords::hash("next")).await.unwrap();
    people.sign_out(&caller, &scope).await.unwrap();
    people.delete(&caller, &scope.into()).await.unwrap();

    let told: Vec<_> =
        store.records().into_iter().map(|record| (record.event.kind, record.audit.caller.actor)).collect();
    let expected = [
        ("user.registration_asked", Actor::Public),
        ("user.created", Actor::Public),
        ("sign_in.failed", Actor::Public),
        ("session.created", Actor::Public),
        ("user.password_changed", caller.actor.clone()),
        ("session.ended", caller.actor.clone()),
        ("user.deleted", caller.actor.clone()),
    ];
    assert_eq!(told, expected.map(|(kind, actor)| (Cow::from(kind), actor)));
    assert_eq!(caller.actor.id(), Some(user.id.0));
}
