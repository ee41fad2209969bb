//! A complete mapping, and what every mapped entity can rely on.
//!
//! `guest.rs` is the example to copy: plain, sealed and looked-up columns, filters, pages. `service.rs` has rows of
//! another table that belong to it.

mod guest;
mod service;

use crate::crowd::all_at_once;
use crate::rows::{id, now, store, tenant};
use guest::{Guest, GuestDetails, GuestFilter};
use musubi_kernel::access::{Actor, Caller, Permission, StoreRef, StoreScope};
use musubi_kernel::clock::ManualClock;
use musubi_kernel::entity::{EntitiesInMemory, Entity, EntityStore, Keeper};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::SystemIds;
use musubi_kernel::page::{Cursor, PageRequest};
use musubi_kernel::receipt::{Answered, NoReceipt, Receipt};
use musubi_kernel::record::Record;
use musubi_kernel::retry::NoPause;
use musubi_sql::audit::{Verified, verify};
use musubi_sql::entities::Mapped;
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use service::{Service, ServiceDetails};
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

/// Leave to work on store 2 or 3 of tenant 1.
fn scope(n: u128) -> StoreScope {
    let at = StoreRef { store: id(n).into(), tenant: id(1).into(), open_to_public: true };
    Actor::System.on_store(&at, Permission::CustomerWrite).unwrap()
}

async fn with_stores(test: &TestDb) {
    let mut tx = test.db.begin().await.unwrap();
    for row in [tenant(1), store(2, 1, "a"), store(3, 1, "b")] {
        tx.exactly_one(&row).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn keeper<E: Entity>(store: Arc<dyn EntityStore<E>>) -> Keeper<E> {
    Keeper::new(store, Arc::new(ManualClock::at(now())), Arc::new(SystemIds), Arc::new(NoPause))
}

/// The use cases over the database and over the fake: both must behave alike.
async fn both<E: Mapped>(test: &TestDb) -> [Keeper<E>; 2] {
    with_stores(test).await;
    [keeper(test.store().entities::<E>()), keeper(Arc::new(EntitiesInMemory::<E>::default()))]
}

fn guest(name: &str) -> GuestDetails {
    GuestDetails { name: name.to_owned(), ..GuestDetails::default() }
}

async fn an_entity_is_created_changed_and_removed(test: TestDb) {
    let (caller, ours) = (Caller::system(), scope(2));
    for guests in both::<Guest>(&test).await {
        let details = GuestDetails { phone: Some("+81312345678".into()), ..guest("山田 花子🌸") };
        let made = guests.create(&caller, &ours, details, &NoReceipt).await.unwrap();
        assert_eq!(guests.get(&ours, made.id).await.unwrap(), made);

        let renamed = guests.update(&caller, &ours, made.id, Some(1), |old| {
            Ok(GuestDetails { name: "佐藤".into(), phone: None, ..old.details.clone() })
        });
        let renamed = renamed.await.unwrap();
        assert_eq!((renamed.version, renamed.details.phone.as_deref()), (2, None));
        assert_eq!(guests.get(&ours, made.id).await.unwrap(), renamed);

        let stale = guests.update(&caller, &ours, made.id, Some(1), |old| Ok(old.details.clone())).await;
        assert_eq!(stale, Err(EntityError::Stale { expected: 1, actual: 2 }));
        assert_eq!(
            guests.remove(&caller, &ours, made.id, Some(1)).await,
            Err(EntityError::Stale { expected: 1, actual: 2 })
        );
        guests.remove(&caller, &ours, made.id, Some(2)).await.unwrap();
        assert_eq!(guests.get(&ours, made.id).await, Err(EntityError::NotFound("guest")));
    }
    assert_eq!(verify(&test.db, &format!("store:{}", id(2))).await.unwrap(), Verified { sound: 3, flaw: None });
}
on_each_engine!(an_entity_is_created_changed_and_removed);

async fn another_stores_entity_does_not_exist(test: TestDb) {
    let (caller, ours, theirs) = (Caller::system(), scope(2), scope(3));
    for guests in both::<Guest>(&test).await {
        let made = guests.create(&caller, &ours, guest("a"), &NoReceipt).await.unwrap();
        let missing = Err(EntityError::NotFound("guest"));
        assert_eq!(guests.get(&theirs, made.id).await, missing);
        assert_eq!(guests.update(&caller, &theirs, made.id, None, |old| Ok(old.details.clone())).await, missing);
        assert!(guests.remove(&caller, &theirs, made.id, None).await.is_err());
        let listed = guests.list(&theirs, &GuestFilter::default(), &PageRequest::default()).await.unwrap();
        assert!(listed.items.is_empty());
        assert!(guests.get(&ours, made.id).await.is_ok());
    }
    // The statements themselves are guarded, not only the use cases before them.
    let store = test.store().entities::<Guest>();
    let made = store.list(&ours, &GuestFilter::default(), &PageRequest::default()).await.unwrap().items.remove(0);
    let record = Record::of(&SystemIds, &guest::change(&made, &caller), None::<&()>, None::<&()>);
    assert_eq!(store.remove(&theirs, &made, &record).await, Err(StoreError::Conflict));
    assert_eq!(store.update(&theirs, &made.revise(guest("b"), now()), &record, None).await, Err(StoreError::Conflict));
}
on_each_engine!(another_stores_entity_does_not_exist);

async fn pages_show_everything_once_and_in_order(test: TestDb) {
    let (caller, ours) = (Caller::system(), scope(2));
    for guests in both::<Guest>(&test).await {
        for name in ["z", "あ", "a", "B", "b", "a", "ア", "🌸", "a ", "A", "é"] {
            guests.create(&caller, &ours, guest(name), &NoReceipt).await.unwrap();
        }
        let mut shown = Vec::new();
        let mut page = PageRequest { limit: 3, after: None };
        loop {
            let list = guests.list(&ours, &GuestFilter::default(), &page).await.unwrap();
            shown.extend(list.items.into_iter().map(|guest| guest.details.name));
            let Some(next) = list.next else { break };
            if shown.len() == 3 {
                // Before the cursor: the pages that follow do not shift.
                guests.create(&caller, &ours, guest("0"), &NoReceipt).await.unwrap();
            }
            page.after = Some(next);
        }
        assert_eq!(shown, ["A", "B", "a", "a", "a ", "b", "z", "é", "あ", "ア", "🌸"]);
        let odd = PageRequest { limit: 3, after: Some(Cursor::from_text("b2Rk")) };
        assert!(matches!(guests.list(&ours, &GuestFilter::default(), &odd).await, Err(EntityError::Invalid(_))));
    }
}
on_each_engine!(pages_show_everything_once_and_in_order);

async fn filters_admit_the_same(test: TestDb) {
    let (caller, ours) = (Caller::system(), scope(2));
    for guests in both::<Guest>(&test).await {
        for (name, phone) in
            [("Yamada", Some("+811")), ("Yamamoto", Some("+812")), ("Sato", Some("+811")), ("Y%", None)]
        {
            let details = GuestDetails { phone: phone.map(str::to_owned), ..guest(name) };
            guests.create(&caller, &ours, details, &NoReceipt).await.unwrap();
        }
        let names = async |filter: GuestFilter| {
            let page = guests.list(&ours, &filter, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|guest| guest.details.name).collect::<Vec<_>>()
        };
        let (prefix, phone) = (|text: &str| Some(text.to_owned()), |text: &str| Some(text.to_owned()));
        assert_eq!(names(GuestFilter { prefix: prefix("Yama"), phone: None }).await, ["Yamada", "Yamamoto"]);
        assert_eq!(names(GuestFilter { prefix: None, phone: phone("+811") }).await, ["Sato", "Yamada"]);
        assert_eq!(names(GuestFilter { prefix: prefix("Yama"), phone: phone("+811") }).await, ["Yamada"]);
        assert_eq!(names(GuestFilter { prefix: prefix("Y%"), phone: None }).await, ["Y%"]);
        assert_eq!(names(GuestFilter { prefix: None, phone: phone("+8") }).await, [] as [&str; 0]);
    }
}
on_each_engine!(filters_admit_the_same);

async fn sealed_columns_are_not_readable_and_stay_in_their_row(test: TestDb) {
    with_stores(&test).await;
    let (caller, ours) = (Caller::system(), scope(2));
    let guests = keeper(test.store().entities::<Guest>());
    let mut made = Vec::new();
    for phone in ["+81312345678", "+81398765432"] {
        let details = GuestDetails { phone: Some(phone.to_owned()), ..guest("a") };
        made.push(guests.create(&caller, &ours, details, &NoReceipt).await.unwrap());
    }
    let rows =
        test.db.all(&Query::select().columns(["phone", "phone_index"]).from("customers").to_owned()).await.unwrap();
    for row in &rows {
        let sealed: Vec<u8> = row.get("phone").unwrap();
        assert!(!sealed.windows(4).any(|window| window == b"3123" || window == b"3987"));
        assert_eq!(row.get::<Vec<u8>>("phone_index").unwrap().len(), 32);
    }
    let swap = Query::update()
        .table("customers")
        .value("phone", rows[0].get::<Vec<u8>>("phone").unwrap())
        .and_where(Expr::col("id").is_in(made.iter().map(|guest| guest.id.0)))
        .to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.execute(&swap).await.unwrap();
    tx.commit().await.unwrap();
    let moved = guests.list(&ours, &GuestFilter::default(), &PageRequest::default()).await;
    assert!(
        matches!(&moved, Err(EntityError::Store(StoreError::Corrupt(what))) if what.contains("customers.phone")),
        "{moved:?}"
    );
}
on_each_engine!(sealed_columns_are_not_readable_and_stay_in_their_row);

async fn of_two_changes_at_once_one_loses_the_race(test: TestDb) {
    let (caller, ours) = (Caller::system(), scope(2));
    let [guests, _] = both::<Guest>(&test).await;
    let made = guests.create(&caller, &ours, guest("a"), &NoReceipt).await.unwrap();
    let store = test.store().entities::<Guest>();
    let record = || Record::of(&SystemIds, &guest::change(&made, &caller), None::<&()>, None::<&()>);
    store.update(&ours, &made.revise(guest("b"), now()), &record(), None).await.unwrap();
    assert_eq!(store.update(&ours, &made.revise(guest("c"), now()), &record(), None).await, Err(StoreError::Conflict));
    assert_eq!(store.remove(&ours, &made, &record()).await, Err(StoreError::Conflict));
    assert_eq!(guests.get(&ours, made.id).await.unwrap().details.name, "b");
    assert_eq!(verify(&test.db, &format!("store:{}", id(2))).await.unwrap().sound, 2);
}
on_each_engine!(of_two_changes_at_once_one_loses_the_race);

async fn a_name_that_is_taken_is_told_alike(test: TestDb) {
    let (caller, ours, theirs) = (Caller::system(), scope(2), scope(3));
    for guests in both::<Guest>(&test).await {
        let with_line = |name: &str| GuestDetails { line_user: Some("U1".into()), ..guest(name) };
        guests.create(&caller, &ours, with_line("a"), &NoReceipt).await.unwrap();
        let second = guests.create(&caller, &ours, with_line("b"), &NoReceipt).await;
        assert!(
            matches!(second, Err(EntityError::Store(StoreError::Taken { code: "line_user_taken", .. }))),
            "{second:?}"
        );
        guests.create(&caller, &theirs, with_line("c"), &NoReceipt).await.unwrap();
    }
}
on_each_engine!(a_name_that_is_taken_is_told_alike);

/// Keeps the answer under one key.
struct Once;

impl Receipt<Guest> for Once {
    fn of(&self, guest: &Guest) -> Option<Answered> {
        Some(Answered {
            caller: "key:1".into(),
            key: "once".into(),
            fingerprint: [1; 32],
            status: 201,
            body: guest.details.name.clone().into_bytes(),
            answered_at: now(),
            expires_at: now() + chrono::TimeDelta::hours(24),
        })
    }
}

async fn an_answer_is_kept_with_what_it_answers_or_not_at_all(test: TestDb) {
    let (caller, ours) = (Caller::system(), scope(2));
    let [guests, _] = both::<Guest>(&test).await;
    let taken = GuestDetails { line_user: Some("U1".into()), ..guest("a") };
    guests.create(&caller, &ours, taken.clone(), &NoReceipt).await.unwrap();
    assert!(guests.create(&caller, &ours, taken.clone(), &Once).await.is_err());
    let answered = async || test.store().answered("key:1", "once", now()).await.unwrap();
    assert_eq!(answered().await, None, "what failed was not answered");

    guests.create(&caller, &ours, guest("b"), &Once).await.unwrap();
    assert_eq!(answered().await.unwrap().body, b"b");
    // A repeat beside the first is told so, and not that the name is taken.
    let repeat = guests.create(&caller, &ours, taken, &Once).await;
    assert_eq!(repeat, Err(EntityError::Store(StoreError::AlreadyAnswered)));
    let list = guests.list(&ours, &GuestFilter::default(), &PageRequest::default()).await.unwrap();
    assert_eq!(list.items.len(), 2);
}
on_each_engine!(an_answer_is_kept_with_what_it_answers_or_not_at_all);

async fn rows_of_other_tables_go_with_their_entity(test: TestDb) {
    with_stores(&test).await;
    let (caller, ours) = (Caller::system(), scope(2));
    let mut tx = test.db.begin().await.unwrap();
    for n in 50..53 {
        tx.exactly_one(&service::resource(n, 1, 2)).await.unwrap();
    }
    tx.exactly_one(&service::resource(60, 1, 3)).await.unwrap();
    tx.commit().await.unwrap();

    let services = keeper(test.store().entities::<Service>());
    let details = |name: &str, by: &[u128]| ServiceDetails {
        name: name.to_owned(),
        by: by.iter().map(|n| id(*n).into()).collect::<BTreeSet<_>>(),
    };
    let cut = services.create(&caller, &ours, details("cut", &[50, 51]), &NoReceipt).await.unwrap();
    let perm = services.create(&caller, &ours, details("perm", &[]), &NoReceipt).await.unwrap();
    let color = services.create(&caller, &ours, details("color", &[52]), &NoReceipt).await.unwrap();
    let list = services.list(&ours, &(), &PageRequest::default()).await.unwrap();
    assert_eq!(list.items, [color, cut.clone(), perm]);

    let changed = services.update(&caller, &ours, cut.id, None, |_| Ok(details("cut", &[51, 52]))).await.unwrap();
    assert_eq!(services.get(&ours, cut.id).await.unwrap(), changed);
    // Another store's resource: the foreign key refuses it, and nothing of the change remains.
    assert!(services.update(&caller, &ours, cut.id, None, |_| Ok(details("x", &[60]))).await.is_err());
    assert_eq!(services.get(&ours, cut.id).await.unwrap(), changed);
    services.remove(&caller, &ours, cut.id, None).await.unwrap();
    assert_eq!(services.list(&ours, &(), &PageRequest::default()).await.unwrap().items.len(), 2);
}
on_each_engine!(rows_of_other_tables_go_with_their_entity);

async fn a_scope_holds_no_more_than_its_bound_however_many_are_made_at_once(test: TestDb) {
    for services in both::<Service>(&test).await {
        let services = Arc::new(services);
        let create = |place| {
            let services = services.clone();
            let task = async move {
                let details = ServiceDetails { name: "cut".to_owned(), ..ServiceDetails::default() };
                services.create(&Caller::system(), &scope(place), details, &NoReceipt).await
            };
            Box::pin(task) as Pin<Box<dyn Future<Output = _> + Send>>
        };
        let made: Vec<Result<Service, EntityError>> = all_at_once(12, |_| create(2)).await;
        let full = EntityError::Store(StoreError::Full { code: "too_many_services", detail: "five at most" });
        let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
        assert_eq!((made.len(), refused), (5, vec![Err(full.clone()); 7]));
        // Others' do not count, a change takes no room, and what was removed makes room.
        let there = services.create(&Caller::system(), &scope(3), ServiceDetails::default(), &NoReceipt).await;
        let one = made[0].as_ref().unwrap().id;
        services.update(&Caller::system(), &scope(2), one, None, |one| Ok(one.details().clone())).await.unwrap();
        services.remove(&Caller::system(), &scope(2), one, None).await.unwrap();
        assert!(there.is_ok() && create(2).await.is_ok());
        assert_eq!(create(2).await, Err(full));
    }
}
on_each_engine!(a_scope_holds_no_more_than_its_bound_however_many_are_made_at_once);
