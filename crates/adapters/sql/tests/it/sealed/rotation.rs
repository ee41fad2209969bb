//! Sealing anew with another key.

use super::binding::{keys, ring};
use crate::contract::World;
use crate::rows::now;
use chrono::TimeDelta;
use musubi_crypto::{KeyRing, MasterKeys};
use musubi_customer::customer::{Customer, CustomerFilter};
use musubi_customer::details::CustomerDetails;
use musubi_kernel::access::StoreScope;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{CustomerId, SystemIds};
use musubi_kernel::receipt::Answered;
use musubi_kernel::secret::{Cipher as _, Place};
use musubi_sql::engine::Db;
use musubi_sql::sealed::{self, Resealed, SealedRow, Walk};
use musubi_sql::{SqlStore, idempotency};
use musubi_sql_testing::{TestDb, on_each_engine};
use sea_query::{Expr, ExprTrait as _, Query};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

on_each_engine!(
    keys_change_while_others_write,
    what_was_changed_meanwhile_stays,
    a_damaged_value_is_named_and_left,
    kept_answers_are_sealed_anew,
);

fn details(n: usize) -> CustomerDetails {
    CustomerDetails {
        phone: Some(format!("090-1{:03}-{:04}", n / 10_000, n % 10_000).parse().unwrap()),
        email: Some(format!("c{n}@example.jp").parse().unwrap()),
        ..CustomerDetails::named("山田")
    }
}

/// A running server, which was started with these keys and follows the file. Its look-up key is the one that the database
/// would keep.
fn server(keys: &MasterKeys, db: Db, file: &Path) -> SqlStore {
    SqlStore::new(db, Arc::new(ring(keys).following(file)))
}

async fn walk(db: &Db, ring: &KeyRing) -> Resealed {
    let mut all = Resealed::default();
    let mut walk = Walk::over(db);
    while let Some(rows) = walk.next_rows().await.unwrap() {
        let done = reseal(db, ring, &rows).await;
        all.values += done.values;
        all.missed += done.missed;
        all.unopened.extend(done.unopened);
    }
    all
}

async fn reseal(db: &Db, ring: &KeyRing, rows: &[SealedRow]) -> Resealed {
    sealed::reseal(db, ring, |value| ring.is_current(value), rows).await.unwrap()
}

/// Every customer as it must be.
type Expected = BTreeMap<CustomerId, Customer>;

async fn keys_change_while_others_write(test: TestDb) {
    const CUSTOMERS: usize = 230;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("master.key");
    let old = MasterKeys::load_or_create(&file, &SystemIds).unwrap();
    let world = World::over(&server(&old, test.db.clone(), &file));
    let scope = world.shop("shop").await;
    let mut expected = Expected::new();
    for n in 0..CUSTOMERS {
        let customer = world.add(&world.customers, &scope, details(n)).await;
        expected.insert(customer.id, customer);
    }
    let other = World::over(&server(&old, test.reconnect().await, &file));
    let other = World { clock: world.clock.clone(), ids: world.ids.clone(), ..other };
    let stop = Arc::new(AtomicBool::new(false));
    let writer = tokio::spawn(write_until(stop.clone(), other, scope.clone(), expected));

    let new = old.rotated(&SystemIds);
    new.replace(&file, &old, &SystemIds).unwrap();
    let ring = ring(&new);
    // The first walk is killed on its way.
    let mut first = Walk::over(&test.db);
    let rows = first.next_rows().await.unwrap().unwrap();
    let mut resealed = reseal(&test.db, &ring, &rows).await.values;
    assert!(resealed > 0);
    for _ in 0..3 {
        let done = walk(&test.db, &ring).await;
        assert!(done.unopened.is_empty(), "{:?}", done.unopened);
        resealed += done.values;
    }
    assert!(resealed >= 2 * CUSTOMERS as u64 - 200, "{resealed}");
    stop.store(true, Ordering::Relaxed);
    let expected = writer.await.unwrap();
    while walk(&test.db, &ring).await != Resealed::default() {}

    let without_old = super::binding::ring(&MasterKeys::only(new.current().clone()));
    let mut rows = 0;
    let mut all = Walk::over(&test.db);
    while let Some(some) = all.next_rows().await.unwrap() {
        for row in some {
            rows += 1;
            for (column, value) in &row.values {
                without_old.open(row.place(column), value).unwrap();
            }
        }
    }
    assert!(expected.len() > CUSTOMERS, "nobody wrote meanwhile");
    assert_eq!((rows, sealed::count(&test.db).await.unwrap()), (expected.len(), expected.len() as u64));
    // Every one is as it was last written, versions and times included, and found by its phone.
    for (n, (id, customer)) in expected.iter().enumerate() {
        assert_eq!(world.customers.find(&scope, *id).await.unwrap().as_ref(), Some(customer));
        if n % 20 == 0 {
            let filter = CustomerFilter { phone: customer.details.phone.clone(), ..CustomerFilter::default() };
            assert_eq!(world.list(&world.customers, &scope, &filter).await, std::slice::from_ref(customer));
        }
    }
}

/// Changes one customer after the other, and adds one now and then.
async fn write_until(stop: Arc<AtomicBool>, world: World, scope: StoreScope, mut expected: Expected) -> Expected {
    let keeper = world.keeper(&world.customers);
    let mut n = 10_000;
    for id in expected.keys().copied().collect::<Vec<_>>().into_iter().cycle() {
        n += 1;
        if n % 5 == 0 {
            let customer = world.add(&world.customers, &scope, details(n)).await;
            expected.insert(customer.id, customer);
        }
        match keeper.update(&world.caller, &scope, id, None, |_| Ok(details(n))).await {
            Ok(customer) => _ = expected.insert(id, customer),
            Err(EntityError::Store(StoreError::Conflict)) => {}
            Err(error) => panic!("{error:?}"),
        }
        if stop.load(Ordering::Relaxed) {
            break;
        }
    }
    expected
}

async fn what_was_changed_meanwhile_stays(test: TestDb) {
    let old = keys();
    let before = SqlStore::new(test.db.clone(), Arc::new(ring(&old)));
    let world = World::over(&before);
    let scope = world.shop("shop").await;
    let ids = [
        world.add(&world.customers, &scope, details(3)).await.id,
        world.add(&world.customers, &scope, details(6)).await.id,
    ];
    let mut read = Walk::over(&test.db);
    let rows = read.next_rows().await.unwrap().unwrap();
    let keeper = world.keeper(&world.customers);
    let changed = keeper.update(&world.caller, &scope, ids[0], None, |_| Ok(details(7))).await.unwrap();
    let new = ring(&old.rotated(&SystemIds));
    reseal(&test.db, &new, &rows).await;
    assert_eq!(
        world_of(&test, &old).customers.find(&scope, ids[0]).await.unwrap(),
        Some(changed),
        "it is as it was written"
    );
    assert!(world_of(&test, &old).customers.find(&scope, ids[1]).await.is_err(), "it is sealed anew");
    assert_eq!(walk(&test.db, &new).await.values, 2);
    assert_eq!(walk(&test.db, &new).await, Resealed::default());
}

fn world_of(test: &TestDb, keys: &MasterKeys) -> World {
    World::over(&SqlStore::new(test.db.clone(), Arc::new(ring(keys))))
}

async fn a_damaged_value_is_named_and_left(test: TestDb) {
    let old = keys();
    let world = world_of(&test, &old);
    let scope = world.shop("shop").await;
    let first = world.add(&world.customers, &scope, details(1)).await.id;
    let second = world.add(&world.customers, &scope, details(2)).await;
    let damaged = ring(&keys()).seal(Place { table: "customers", column: "email", row: first.0 }, b"x");
    let damage = Query::update()
        .table("customers")
        .value("email", damaged.clone())
        .and_where(Expr::col("id").eq(first.0))
        .to_owned();
    let mut tx = test.db.begin().await.unwrap();
    tx.exactly_one(&damage).await.unwrap();
    tx.commit().await.unwrap();

    let new = old.rotated(&SystemIds);
    let line = format!("customers.email is sealed with a key that is not in the key ring (row {first})");
    let done = walk(&test.db, &ring(&new)).await;
    assert_eq!(done, Resealed { values: 3, missed: 0, unopened: vec![line] });
    let world = world_of(&test, &MasterKeys::only(new.current().clone()));
    assert_eq!(world.customers.find(&scope, second.id).await.unwrap(), Some(second));
    let email = Query::select().column("email").from("customers").and_where(Expr::col("id").eq(first.0)).to_owned();
    assert_eq!(test.db.optional(&email).await.unwrap().unwrap().get::<Vec<u8>>("email").unwrap(), damaged);
}

async fn kept_answers_are_sealed_anew(test: TestDb) {
    let old = keys();
    let store = |keys: &MasterKeys| SqlStore::new(test.db.clone(), Arc::new(ring(keys)));
    let answer = |caller: &str, n: usize| Answered {
        caller: caller.to_owned(),
        key: format!("k{n:03}"),
        fingerprint: [7; 32],
        status: 201,
        body: format!("{caller} {n}").into_bytes(),
        answered_at: now(),
        expires_at: now() + TimeDelta::hours(24),
    };
    let mut tx = test.db.begin().await.unwrap();
    // More than one batch, which ends within a caller.
    for (caller, n) in ["key:1", "key:2", "key:2é"].into_iter().flat_map(|caller| (0..150).map(move |n| (caller, n))) {
        idempotency::write(&mut tx, &*store(&old).cipher, &answer(caller, n)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let new = old.rotated(&SystemIds);
    assert_eq!(walk(&test.db, &ring(&new)).await, Resealed { values: 450, ..Resealed::default() });
    assert_eq!(walk(&test.db, &ring(&new)).await, Resealed::default());
    let store = store(&MasterKeys::only(new.current().clone()));
    for (caller, n) in [("key:1", 0), ("key:2", 49), ("key:2", 50), ("key:2é", 149)] {
        let found = store.answered(caller, &format!("k{n:03}"), now()).await.unwrap();
        assert_eq!(found, Some(answer(caller, n)));
    }
}
