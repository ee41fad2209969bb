//! API keys.

use crate::booking::house::Jitter;
use crate::contract::{World, contract};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::api_key::{ApiKey, KeyDigest, NewApiKey};
use musubi_identity::api_keys::{ApiKeys, Issued};
use musubi_identity::home::{KeyHome, KeysScope};
use musubi_kernel::access::{Actor, Permission};
use musubi_kernel::clock::Clock as _;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{IdGen, SystemIds};
use musubi_kernel::page::PageRequest;
use musubi_kernel::receipt::{Answered, NoReceipt, Receipt};
use musubi_kernel::retry::NoPause;
use musubi_kernel::secret::Secret;
use musubi_sql::SqlStore;
use musubi_sql_testing::{TestDb, key_ring, on_each_engine};
use sea_query::Query;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use uuid::Uuid;

contract!(live, scopes, page, revoked_once, operator);
on_each_engine!(
    secrets_are_not_kept,
    repeats,
    two_nodes_agree_on_the_first_operator_key,
    a_first_operator_key_in_the_making_keeps_others_waiting,
);

fn keys(world: &World) -> ApiKeys {
    ApiKeys::new(world.keys.clone(), world.clock.clone(), world.ids.clone(), Arc::new(NoPause))
}

fn new(name: &str) -> NewApiKey {
    NewApiKey { name: name.into(), permissions: vec![Permission::BookingRead], expires_at: None }
}

async fn live(world: World) {
    let (keys, shop) = (keys(&world), world.shop("shop").await);
    let scope = KeysScope::from(shop.clone());
    let new = NewApiKey {
        name: "レジ 🌸".into(),
        permissions: Permission::ALL.to_vec(),
        expires_at: Some(world.clock.now() + TimeDelta::microseconds(3_600_000_001)),
    };
    let Issued { key, secret } = keys.issue(&world.caller, &scope, &new, &NoReceipt).await.unwrap();
    assert_eq!(key.home, KeyHome::Store { tenant: shop.tenant(), store: shop.store() });
    let digest = KeyDigest::of(secret.expose());
    assert_eq!(world.keys.find_by_digest(&digest).await, Ok(Some(key.clone())));
    assert_eq!(world.keys.find(&scope, key.id).await, Ok(Some(key.clone())));
    assert_eq!(world.keys.find_by_digest(&KeyDigest::of("another")).await, Ok(None));

    assert_eq!(keys.authenticate(secret.expose()).await, Ok(Some(key.actor())));
    let used = world.clock.now();
    world.clock.advance(TimeDelta::seconds(1));
    let revoked = keys.revoke(&world.caller, &scope, key.id).await.unwrap();
    assert_eq!(keys.authenticate(secret.expose()).await, Ok(None));
    let full = ApiKey { last_used_at: Some(used), revoked_at: Some(world.clock.now()), ..key };
    assert_eq!(revoked, full);
    assert_eq!(keys.get(&scope, full.id).await, Ok(full));
}

async fn scopes(world: World) {
    let keys = keys(&world);
    let (ours, theirs) = (world.shop("ours").await, world.shop("theirs").await);
    let tenant = world.of_tenant(ours.tenant());
    let sister = world.sister(&tenant, "sister").await;
    let tenant = KeysScope::from(tenant);
    let (ours, sister, theirs) = (KeysScope::from(ours), KeysScope::from(sister), KeysScope::from(theirs));
    let mut made = Vec::new();
    for scope in [&tenant, &ours, &sister, &theirs] {
        world.clock.advance(TimeDelta::milliseconds(1));
        made.push(keys.issue(&world.caller, scope, &new("key"), &NoReceipt).await.unwrap().key);
    }
    for (scope, held) in [
        (&tenant, &made[..3]),
        (&ours, &made[1..2]),
        (&sister, &made[2..3]),
        (&theirs, &made[3..]),
        (&KeysScope::from(world.operator()), &[]),
    ] {
        let listed = keys.list(scope, &PageRequest::default()).await.unwrap();
        assert_eq!((listed.items.as_slice(), listed.next), (held, None));
        for key in &made {
            assert_eq!(keys.get(scope, key.id).await.is_ok(), held.contains(key));
            if !held.contains(key) {
                let refused = keys.revoke(&world.caller, scope, key.id).await;
                assert_eq!(refused, Err(EntityError::NotFound("api_key")));
            }
        }
    }
}

async fn page(world: World) {
    let (keys, scope) = (keys(&world), KeysScope::from(world.tenant().await));
    let mut made = Vec::new();
    for index in 0..5 {
        world.clock.advance(TimeDelta::milliseconds(1));
        made.push(keys.issue(&world.caller, &scope, &new(&format!("{index}")), &NoReceipt).await.unwrap().key);
    }
    let (mut seen, mut request) = (Vec::new(), PageRequest { limit: 2, after: None });
    loop {
        let page = keys.list(&scope, &request).await.unwrap();
        seen.extend(page.items);
        request.after = page.next;
        if request.after.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
}

async fn revoked_once(world: World) {
    let (keys, scope) = (keys(&world), KeysScope::from(world.tenant().await));
    let key = keys.issue(&world.caller, &scope, &new("key"), &NoReceipt).await.unwrap().key;
    let first = keys.revoke(&world.caller, &scope, key.id).await.unwrap();
    world.clock.advance(TimeDelta::seconds(1));
    assert_eq!(keys.revoke(&world.caller, &scope, key.id).await, Ok(first));
}

async fn operator(world: World) {
    let (keys, operator) = (keys(&world), world.operator());
    let (first, second) = (Secret::new("a".repeat(32)), Secret::new("b".repeat(32)));
    let ensure = || keys.ensure_operator_key(&operator, &first);
    let together: [_; 3] = tokio::join!(ensure(), ensure(), ensure()).into();
    let key = together[0].clone().unwrap();
    assert!(together.iter().all(|other| other.as_ref().is_ok_and(|other| other.id == key.id)), "{together:?}");
    assert_eq!(keys.authenticate(first.expose()).await, Ok(Some(Actor::Operator { key: key.id })));
    keys.ensure_operator_key(&operator, &second).await.unwrap();
    assert_eq!(keys.authenticate(first.expose()).await, Ok(None));
    assert!(keys.authenticate(second.expose()).await.unwrap().is_some());
}

async fn secrets_are_not_kept(test: TestDb) {
    let world = World::over(&test.store());
    let scope = KeysScope::from(world.tenant().await);
    let issued = keys(&world).issue(&world.caller, &scope, &new("key"), &NoReceipt).await.unwrap();
    let query = Query::select().columns(["token_hash", "hint"]).from("api_keys").to_owned();
    let row = test.db.optional(&query).await.unwrap().expect("the key");
    assert_eq!(row.get::<Vec<u8>>("token_hash").unwrap(), KeyDigest::of(issued.secret.expose()).0);
    assert_eq!(row.get::<String>("hint").unwrap(), issued.secret.expose()[4..12]);
}

/// Keeps the secret as the answer, as the application does.
struct Kept;

impl Receipt<Issued> for Kept {
    fn of(&self, issued: &Issued) -> Option<Answered> {
        Some(Answered {
            caller: "caller".into(),
            key: "once".into(),
            fingerprint: [1; 32],
            status: 201,
            body: issued.secret.expose().into(),
            answered_at: issued.key.created_at,
            expires_at: issued.key.created_at + TimeDelta::hours(24),
        })
    }
}

async fn repeats(test: TestDb) {
    let (store, world) = (test.store(), World::over(&test.store()));
    let (keys, scope) = (keys(&world), KeysScope::from(world.tenant().await));
    let issued = keys.issue(&world.caller, &scope, &new("key"), &Kept).await.unwrap();
    let again = keys.issue(&world.caller, &scope, &new("key"), &Kept).await;
    assert_eq!(again, Err(EntityError::Store(StoreError::AlreadyAnswered)));
    assert_eq!(keys.list(&scope, &PageRequest::default()).await.unwrap().items, [issued.key]);
    let answered = store.answered("caller", "once", world.clock.now()).await.unwrap().expect("the first answer");
    assert_eq!(answered.body, issued.secret.expose().as_bytes());
}

/// Nodes that start on one empty database at the same time, each with connections of its own.
async fn two_nodes_agree_on_the_first_operator_key(test: TestDb) {
    let other = SqlStore::new(test.reconnect().await, Arc::new(key_ring()));
    let (one, two) = (World::over(&test.store()), World::over(&other));
    // Ids and secrets from the system: those that tests count are equal on both.
    let keys =
        |world: &World| ApiKeys::new(world.keys.clone(), world.clock.clone(), Arc::new(SystemIds), Arc::new(Jitter));
    let operator = one.operator();
    for _ in 0..3 {
        let starts: Vec<_> = [&one, &two]
            .map(|world| {
                let (keys, operator) = (keys(world), operator.clone());
                tokio::spawn(async move { keys.first_operator_key(&operator).await.unwrap() })
            })
            .into();
        let mut made = Vec::new();
        for start in starts {
            made.extend(start.await.unwrap());
        }
        let [made] = made.as_slice() else { panic!("{made:?}") };
        let scope = KeysScope::from(operator.clone());
        let listed = keys(&one).list(&scope, &PageRequest::default()).await.unwrap().items;
        let live: Vec<_> = listed.into_iter().filter(|key| key.revoked_at.is_none()).map(|key| key.id).collect();
        assert_eq!(live, [made.key.id]);
        let actor = keys(&two).authenticate(made.secret.expose()).await;
        assert_eq!(actor, Ok(Some(Actor::Operator { key: made.key.id })));
        // The next round starts where the chain of the installation has begun.
        keys(&two).revoke(&two.caller, &scope, made.key.id).await.unwrap();
    }
    // Two nodes with a key of their settings each: whoever is last has the only one.
    let named = ["a", "b"].map(|letter| Secret::new(letter.repeat(32)));
    let (keys_one, keys_two) = (keys(&one), keys(&two));
    let (first, second) = tokio::join!(
        keys_one.ensure_operator_key(&operator, &named[0]),
        keys_two.ensure_operator_key(&operator, &named[1])
    );
    let unrevoked = keys_one.list(&operator.clone().into(), &PageRequest::default()).await.unwrap().items;
    let unrevoked: Vec<_> = unrevoked.into_iter().filter(|key| key.revoked_at.is_none()).map(|key| key.id).collect();
    assert_eq!(unrevoked.len(), 1);
    assert!([first.unwrap().id, second.unwrap().id].contains(&unrevoked[0]));
}

/// Ids of a node that, while it makes its first key, gives another node half a second to make one too.
struct WhileAnother {
    begun: Mutex<Option<Sender<()>>>,
    done: Mutex<Receiver<()>>,
}

impl IdGen for WhileAnother {
    fn uuid(&self, at: DateTime<Utc>) -> Uuid {
        if let Some(begun) = self.begun.lock().unwrap().take() {
            begun.send(()).unwrap();
            let _ = self.done.lock().unwrap().recv_timeout(Duration::from_millis(500));
        }
        SystemIds.uuid(at)
    }

    fn secret(&self) -> [u8; 32] {
        SystemIds.secret()
    }
}

/// On an empty database there is no entry of the audit chain yet that the second could wait for.
async fn a_first_operator_key_in_the_making_keeps_others_waiting(test: TestDb) {
    let other = SqlStore::new(test.reconnect().await, Arc::new(key_ring()));
    let (one, two) = (World::over(&test.store()), World::over(&other));
    let operator = one.operator();
    let (begun, has_begun) = channel();
    let (done, is_done) = channel();
    let slow = WhileAnother { begun: Mutex::new(Some(begun)), done: Mutex::new(is_done) };
    let slow = ApiKeys::new(one.keys.clone(), one.clock.clone(), Arc::new(slow), Arc::new(Jitter));
    let quick = ApiKeys::new(two.keys.clone(), two.clock.clone(), Arc::new(SystemIds), Arc::new(Jitter));
    let first = tokio::spawn({
        let operator = operator.clone();
        async move { slow.first_operator_key(&operator).await.unwrap() }
    });
    let second = tokio::spawn(async move {
        tokio::task::block_in_place(|| has_begun.recv()).unwrap();
        let second = quick.first_operator_key(&operator).await.unwrap();
        let _ = done.send(());
        second
    });
    let made = [first.await.unwrap(), second.await.unwrap()];
    assert_eq!(made.iter().flatten().count(), 1, "{made:?}");
}
