//! What cannot be seen from the answers. That the use cases do what they say is tested over every store, with the SQL
//! adapter.

use super::memory::{Premises, StaffInMemory};
use super::{Ports, Staff};
use crate::api_key::ApiKey;
use crate::ephemeral::memory::EphemeralInMemory;
use crate::lifetimes::Lifetimes;
use crate::locale::Locale;
use crate::people::memory::{Letterbox, PeopleInMemory, PlainCipher};
use crate::people::ports::PeopleStore as _;
use crate::staff::invitation::{MOST_OPEN, NewInvitation};
use crate::staff_account::StaffDetails;
use crate::throttle::{HOUR, INVITATIONS_PER_ADDRESS, INVITATIONS_PER_STORE};
use crate::user::User;
use chrono::TimeDelta;
use musubi_kernel::access::{Actor, Caller, Override, Permission, Role, StoreRef, StoreScope};
use musubi_kernel::clock::{Clock as _, ManualClock};
use musubi_kernel::error::{ErrorKind, Failure as _};
use musubi_kernel::id::{ApiKeyId, CountingIds, ResourceId, StoreId};
use musubi_kernel::retry::NoPause;
use std::sync::Arc;
use uuid::Uuid;

struct OneShop;

impl Premises for OneShop {
    fn name_of(&self, _: StoreId) -> Option<String> {
        Some("Salon Hanako".to_owned())
    }

    fn has(&self, _: StoreId, _: ResourceId) -> bool {
        false
    }

    fn key(&self, _: ApiKeyId) -> Option<ApiKey> {
        None
    }
}

struct World {
    staff: Staff,
    store: Arc<StaffInMemory>,
    letters: Arc<Letterbox>,
    people: Arc<PeopleInMemory>,
    clock: Arc<ManualClock>,
}

fn world() -> World {
    let (people, letters) = (Arc::new(PeopleInMemory::default()), Arc::new(Letterbox::default()));
    let clock = Arc::new(ManualClock::at("2026-03-20T01:02:03Z".parse().unwrap()));
    let store = Arc::new(StaffInMemory::new(people.clone(), Arc::new(OneShop)));
    let ports = Ports {
        store: store.clone(),
        courier: letters.clone(),
        ephemeral: Arc::new(EphemeralInMemory::default()),
        cipher: Arc::new(PlainCipher),
        clock: clock.clone(),
        ids: Arc::new(CountingIds::default()),
        pause: Arc::new(NoPause),
    };
    World { staff: Staff::new(ports, Lifetimes::default()), store, letters, people, clock }
}

fn invitation(email: &str) -> NewInvitation {
    NewInvitation {
        email: email.parse().unwrap(),
        role: Role::Reception,
        permissions: Override::default(),
        resource_id: None,
        locale: Locale::Ja,
    }
}

fn shop() -> StoreScope {
    let at = StoreRef { store: Uuid::from_u128(1).into(), tenant: Uuid::from_u128(2).into(), open_to_public: true };
    Actor::System.on_store(&at, Permission::StaffWrite).unwrap()
}

#[tokio::test]
async fn what_happens_is_recorded_without_addresses_and_names() {
    let World { staff, store, letters, people, clock } = world();
    let new = invitation("hanako@example.jp");
    let id = Uuid::from_u128(3).into();
    let hanako = User::new(id, Locale::Ja, Some(new.email.clone()), "花子".into(), clock.now());
    let mut unit = people.begin().await.unwrap();
    unit.add_user(&hanako).await.unwrap();
    unit.commit().await.unwrap();

    let system = Caller::system();
    let open = staff.invite(&system, &shop(), &new).await.unwrap();
    staff.revoke_invitation(&system, &shop(), open.id).await.unwrap();
    letters.empty();
    staff.invite(&system, &shop(), &new).await.unwrap();
    let letter = letters.empty().remove(0);
    assert_eq!(
        letter.invited.map(|invited| (invited.store, invited.role)),
        Some(("Salon Hanako".into(), "受付".into()))
    );
    let actor = Actor::Person { user: hanako.id, session: Uuid::from_u128(4).into() };
    let (person, own) = (actor.as_person().unwrap(), Caller { actor: actor.clone(), ..Caller::system() });
    let account = staff.accept(&own, &person, letter.token.unwrap().expose()).await.unwrap();
    let promoted = |details: &StaffDetails| Ok(StaffDetails { role: Role::Manager, ..details.clone() });
    staff.change(&system, &shop(), account.id, Some(1), promoted).await.unwrap();
    staff.leave(&own, &person, account.store_id).await.unwrap();

    let records = store.records();
    let told: Vec<_> = records.iter().map(|record| (&*record.event.kind, &record.audit.caller.actor)).collect();
    let expected = [
        ("staff_invitation.sent", &system.actor),
        ("staff_invitation.revoked", &system.actor),
        ("staff_invitation.sent", &system.actor),
        ("staff_invitation.accepted", &actor),
        ("staff_account.created", &actor),
        ("user.hired", &actor),
        ("staff_account.updated", &system.actor),
        ("staff_account.disabled", &actor),
    ];
    assert_eq!(told, expected);
    for record in records {
        let (scope, own) = ((record.audit.tenant, record.audit.store), record.event.kind == "user.hired");
        let shops = (Some(shop().tenant()), Some(shop().store()));
        assert_eq!(scope, if own { (None, None) } else { shops });
        let text = format!("{record:?}");
        assert!(!text.contains("hanako@") && !text.contains("花子"), "{text}");
    }
}

#[tokio::test]
async fn a_store_has_so_many_open_invitations_at_most() {
    let World { staff, clock, .. } = world();
    let invite =
        async |n: u64| staff.invite(&Caller::system(), &shop(), &invitation(&format!("guest-{n}@example.jp"))).await;
    for n in 0..MOST_OPEN {
        if n % u64::from(INVITATIONS_PER_STORE) == 0 {
            clock.advance(HOUR);
        }
        invite(n).await.unwrap();
    }
    let one_more = invite(MOST_OPEN).await.unwrap_err();
    assert_eq!(one_more.code(), "too_many_invitations");
    invite(0).await.expect("in the place of the one before");
    clock.advance(TimeDelta::days(7));
    invite(MOST_OPEN).await.expect("the others are over");
}

fn elsewhere() -> StoreScope {
    let at = StoreRef { store: Uuid::from_u128(8).into(), tenant: Uuid::from_u128(9).into(), open_to_public: true };
    Actor::System.on_store(&at, Permission::StaffWrite).unwrap()
}

#[tokio::test]
async fn so_many_invitations_are_sent_in_an_hour() {
    let World { staff, letters, clock, .. } = world();
    let begun = clock.now();
    let invite = async |scope: &StoreScope, email: &str| {
        staff.invite(&Caller::system(), scope, &invitation(email)).await.map(drop).map_err(|error| {
            assert_eq!((error.kind(), error.code()), (ErrorKind::TooMany, "too_many_attempts"));
            error.retry_at().expect("a time")
        })
    };
    for n in 0..INVITATIONS_PER_ADDRESS {
        let scope = if n == 0 { elsewhere() } else { shop() };
        assert_eq!(invite(&scope, "hanako@example.jp").await, Ok(()));
        clock.advance(TimeDelta::minutes(1));
    }
    for scope in [shop(), elsewhere()] {
        assert_eq!(invite(&scope, "hanako@example.jp").await, Err(begun + HOUR));
    }
    let rest = INVITATIONS_PER_STORE - (INVITATIONS_PER_ADDRESS - 1);
    for n in 0..rest {
        assert_eq!(invite(&shop(), &format!("guest-{n}@example.jp")).await, Ok(()), "what was refused is not counted");
    }
    let until = invite(&shop(), "taro@example.jp").await.unwrap_err();
    assert_eq!(until, begun + TimeDelta::minutes(1) + HOUR);
    assert_eq!(invite(&elsewhere(), "taro@example.jp").await, Ok(()));
    assert_eq!(letters.empty().len(), usize::try_from(INVITATIONS_PER_STORE + 2).unwrap());
    clock.set(until);
    for email in ["hanako@example.jp", "taro@example.jp"] {
        assert_eq!(invite(&shop(), email).await, Ok(()));
    }
}

#[tokio::test]
async fn an_invitation_that_is_not_sent_is_not_counted() {
    let World { staff, .. } = world();
    let wrong = NewInvitation { resource_id: Some(Uuid::from_u128(7).into()), ..invitation("hanako@example.jp") };
    for _ in 0..=INVITATIONS_PER_ADDRESS {
        assert_eq!(staff.invite(&Caller::system(), &shop(), &wrong).await.unwrap_err().code(), "invalid_request");
    }
    staff.invite(&Caller::system(), &shop(), &invitation("hanako@example.jp")).await.expect("the first one");
}
