//! What every implementation of a port must do: the same functions run on each engine and on the fakes.

use chrono::{DateTime, TimeDelta, Utc};
use musubi_catalog::absence::Absence;
use musubi_catalog::calendar::CalendarDay;
use musubi_catalog::memory::DirectoryInMemory;
use musubi_catalog::menu::Menu;
use musubi_catalog::menu_option::MenuOption;
use musubi_catalog::ports::{ResourceBook, StoreDirectory};
use musubi_catalog::resource::Resource;
use musubi_catalog::store::{IndustryType, Store, StoreDetails, StoresScope};
use musubi_catalog::tenant::{Tenant, TenantDetails, TenantsScope};
use musubi_customer::customer::Customer;
use musubi_identity::admins::memory::AdminsInMemory;
use musubi_identity::admins::ports::AdminStore;
use musubi_identity::api_key::ApiKey;
use musubi_identity::ephemeral::Ephemeral;
use musubi_identity::ephemeral::memory::EphemeralInMemory;
use musubi_identity::memory::KeysInMemory;
use musubi_identity::people::memory::PeopleInMemory;
use musubi_identity::people::ports::PeopleStore;
use musubi_identity::ports::ApiKeyStore;
use musubi_identity::staff::memory::{Premises, StaffInMemory};
use musubi_identity::staff::ports::StaffStore;
use musubi_identity::standing::StandingBook;
use musubi_identity::wordpress_link::{WordPressLinkStore, WordPressLinksInMemory};
use musubi_kernel::access::{Caller, OperatorScope, Permission, StoreRef, StoreScope, TenantScope};
use musubi_kernel::clock::{Clock, ManualClock};
use musubi_kernel::entity::{EntitiesInMemory, Entity, EntityStore, Keeper};
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::hours::{OpenInterval, WeeklyHours};
use musubi_kernel::id::{ApiKeyId, CountingIds, ResourceId, StoreId, TenantId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::NoReceipt;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::NoPause;
use musubi_notification::template::Template;
use musubi_sql::SqlStore;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;

/// Makes tests of an `async fn(World)`: one for the fakes and one for each engine.
macro_rules! contract {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use crate::contract::World;
            use musubi_sql_testing::{Engine, Made, TestDb, run};

            #[tokio::test]
            async fn memory() {
                super::$name(World::in_memory()).await;
            }
            #[test]
            fn sqlite() {
                run(Engine::Sqlite, Made::Migrated, on_database);
            }
            #[test]
            fn postgres() {
                run(Engine::Postgres, Made::Migrated, on_database);
            }
            #[test]
            fn mariadb() {
                run(Engine::MariaDb, Made::Migrated, on_database);
            }
            async fn on_database(test: TestDb) {
                super::$name(World::over(&test.store())).await;
            }
        }
    )+};
}
pub(crate) use contract;

/// Every port, as one backend implements them.
pub(crate) struct World {
    pub(crate) tenants: Arc<dyn EntityStore<Tenant>>,
    pub(crate) stores: Arc<dyn EntityStore<Store>>,
    pub(crate) resources: Arc<dyn EntityStore<Resource>>,
    pub(crate) absences: Arc<dyn EntityStore<Absence>>,
    pub(crate) menus: Arc<dyn EntityStore<Menu>>,
    pub(crate) options: Arc<dyn EntityStore<MenuOption>>,
    pub(crate) calendar: Arc<dyn EntityStore<CalendarDay>>,
    pub(crate) customers: Arc<dyn EntityStore<Customer>>,
    pub(crate) templates: Arc<dyn EntityStore<Template>>,
    pub(crate) directory: Arc<dyn StoreDirectory>,
    pub(crate) book: Arc<dyn ResourceBook>,
    pub(crate) keys: Arc<dyn ApiKeyStore>,
    pub(crate) people: Arc<dyn PeopleStore>,
    pub(crate) ephemeral: Arc<dyn Ephemeral>,
    pub(crate) staff: Arc<dyn StaffStore>,
    pub(crate) standings: Arc<dyn StandingBook>,
    pub(crate) admins: Arc<dyn AdminStore>,
    pub(crate) wordpress: Arc<dyn WordPressLinkStore>,
    pub(crate) caller: Caller,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Arc<CountingIds>,
}

impl World {
    pub(crate) fn in_memory() -> Self {
        let (tenants, stores) = (Arc::new(EntitiesInMemory::default()), Arc::new(EntitiesInMemory::default()));
        let resources = Arc::new(EntitiesInMemory::<Resource>::default());
        let people = Arc::new(PeopleInMemory::default());
        let keys = Arc::new(KeysInMemory::default());
        let premises = Known { stores: stores.clone(), resources: resources.clone(), keys: keys.clone() };
        let staff = Arc::new(StaffInMemory::new(people.clone(), Arc::new(premises)));
        Self {
            directory: Arc::new(DirectoryInMemory::new(tenants.clone(), stores.clone())),
            tenants,
            stores,
            book: resources.clone(),
            resources,
            absences: Arc::new(EntitiesInMemory::default()),
            menus: Arc::new(EntitiesInMemory::default()),
            options: Arc::new(EntitiesInMemory::default()),
            calendar: Arc::new(EntitiesInMemory::default()),
            customers: Arc::new(EntitiesInMemory::default()),
            templates: Arc::new(EntitiesInMemory::default()),
            keys,
            ephemeral: Arc::new(EphemeralInMemory::default()),
            staff: staff.clone(),
            standings: staff,
            admins: Arc::new(AdminsInMemory::new(people.clone())),
            wordpress: Arc::new(WordPressLinksInMemory::new(&people)),
            people,
            caller: Caller::system(),
            clock: start(),
            ids: Arc::default(),
        }
    }

    pub(crate) fn over(store: &SqlStore) -> Self {
        Self {
            tenants: store.entities(),
            stores: store.entities(),
            resources: store.entities(),
            absences: store.entities(),
            menus: store.entities(),
            options: store.entities(),
            calendar: store.entities(),
            customers: store.entities(),
            templates: store.entities(),
            directory: Arc::new(store.clone()),
            book: Arc::new(store.clone()),
            keys: Arc::new(store.clone()),
            people: Arc::new(store.clone()),
            ephemeral: Arc::new(store.clone()),
            staff: Arc::new(store.clone()),
            standings: Arc::new(store.clone()),
            admins: Arc::new(store.clone()),
            wordpress: Arc::new(store.clone()),
            caller: Caller::system(),
            clock: start(),
            ids: Arc::default(),
        }
    }

    /// The use cases on one kind of entity.
    pub(crate) fn keeper<E: Entity>(&self, store: &Arc<dyn EntityStore<E>>) -> Keeper<E> {
        Keeper::new(store.clone(), self.clock.clone(), self.ids.clone(), Arc::new(NoPause))
    }

    /// A new entity, a moment later than the last.
    pub(crate) async fn add<E: Entity>(
        &self,
        store: &Arc<dyn EntityStore<E>>,
        scope: &E::Scope,
        details: E::Details,
    ) -> E {
        self.clock.advance(TimeDelta::milliseconds(1));
        let added = self.keeper(store).create(&self.caller, scope, details, &NoReceipt).await;
        added.unwrap_or_else(|error| panic!("{}: {error:?}", E::NOUN))
    }

    /// The first page of a list.
    pub(crate) async fn list<E: Entity>(
        &self,
        store: &Arc<dyn EntityStore<E>>,
        scope: &E::Scope,
        filter: &E::Filter,
    ) -> Vec<E> {
        store.list(scope, filter, &PageRequest::default()).await.expect("a list").items
    }

    pub(crate) fn operator(&self) -> OperatorScope {
        self.caller.actor.as_operator().expect("the system is one")
    }

    pub(crate) fn of_tenant(&self, tenant: TenantId) -> TenantScope {
        self.caller.actor.on_tenant(tenant, Permission::TenantWrite).expect("the system may")
    }

    /// A new tenant.
    pub(crate) async fn tenant(&self) -> TenantScope {
        let all = TenantsScope::from(self.operator());
        let tenant = self.add(&self.tenants, &all, TenantDetails::new("Hana Inc.")).await;
        self.of_tenant(tenant.id)
    }

    /// A new store of a new tenant.
    pub(crate) async fn shop(&self, slug: &str) -> StoreScope {
        let tenant = self.tenant().await;
        self.sister(&tenant, slug).await
    }

    /// A new store of a tenant.
    pub(crate) async fn sister(&self, tenant: &TenantScope, slug: &str) -> StoreScope {
        let store = self.add(&self.stores, &StoresScope::from(tenant.clone()), plain_store(slug)).await;
        let at = StoreRef { store: store.id, tenant: store.tenant_id, open_to_public: true };
        self.caller.actor.on_store(&at, Permission::CatalogWrite).expect("the system may")
    }

    fn record<E: Entity>(&self, entity: &E) -> Record {
        let (tenant, store) = entity.home();
        let (subject_kind, subject) = (E::NOUN, entity.id().into());
        let (caller, at) = (&self.caller, self.clock.now());
        let change = Change { kind: "test.changed".into(), subject_kind, subject, tenant, store, caller, at };
        Record::of(&*self.ids, &change, None::<&()>, Some(&entity.public_record()))
    }
}

/// What the fakes of the catalog and of keys know, for the fake of staff.
struct Known {
    stores: Arc<EntitiesInMemory<Store>>,
    resources: Arc<EntitiesInMemory<Resource>>,
    keys: Arc<KeysInMemory>,
}

impl Premises for Known {
    fn name_of(&self, store: StoreId) -> Option<String> {
        self.stores.rows().into_iter().find(|row| row.id == store).map(|row| row.details.name)
    }

    fn has(&self, store: StoreId, resource: ResourceId) -> bool {
        self.resources.rows().into_iter().any(|row| row.id == resource && row.store_id == store)
    }

    fn key(&self, id: ApiKeyId) -> Option<ApiKey> {
        self.keys.key(id)
    }
}

fn start() -> Arc<ManualClock> {
    let at: DateTime<Utc> = "2026-03-20T01:02:03.123456Z".parse().expect("an instant");
    Arc::new(ManualClock::at(at))
}

pub(crate) fn plain_store(slug: &str) -> StoreDetails {
    StoreDetails::new("Hanako", slug, IndustryType::Beauty, hours())
}

pub(crate) fn hours() -> WeeklyHours {
    let late = OpenInterval { open: "10:00".parse().unwrap(), close: "26:30".parse().unwrap() };
    WeeklyHours { fri: vec![late], holiday: Some(Vec::new()), ..WeeklyHours::default() }
}

/// An object whose members must come back as they were.
pub(crate) fn object() -> musubi_kernel::check::JsonObject {
    let value = json!({"z": [1, 2.5, 100.0, -1e300, null, true], "a": {"絵": "🌸 \" \\ \n"}, "big": u64::MAX});
    let Value::Object(object) = value else { unreachable!("an object") };
    object
}

/// Asserts that no member of `full` is as in `plain`: what a round trip would lose would else not be seen.
pub(crate) fn assert_nothing_is_default(plain: &impl serde::Serialize, full: &impl serde::Serialize, same: &[&str]) {
    let (plain, full) = (json!(plain), json!(full));
    for (member, value) in full.as_object().expect("details are objects") {
        assert!(plain[member] != *value || same.contains(&member.as_str()), "{member} is as by default: {value}");
    }
}

/// What every [`EntityStore`] does with a new entity, its changes and its end, seen from its own scope and from another.
pub(crate) async fn behaves<E>(
    world: &World,
    store: &Arc<dyn EntityStore<E>>,
    scopes: (&E::Scope, &E::Scope),
    plain: E::Details,
    full: E::Details,
) where
    E: Entity + PartialEq + Debug,
    E::Details: PartialEq + Debug,
{
    let (own, foreign) = scopes;
    let (caller, keeper) = (&world.caller, world.keeper(store));
    let missing = || EntityError::NotFound(E::NOUN);

    let first = world.add(store, own, plain.clone()).await;
    assert_eq!((first.version(), first.details()), (1, &plain));
    assert_eq!(keeper.get(own, first.id()).await, Ok(first.clone()));

    // Every field survives a change, and a change counts.
    world.clock.advance(TimeDelta::microseconds(1));
    let second = keeper.update(caller, own, first.id(), Some(1), |_| Ok(full.clone())).await.expect("a change");
    assert_eq!((second.version(), second.details()), (2, &full));
    assert_eq!(keeper.get(own, first.id()).await, Ok(second.clone()));

    // Whoever decided on an older version is told so, and nothing is written.
    let stale = keeper.update(caller, own, first.id(), Some(1), |_| Ok(plain.clone())).await;
    assert_eq!(stale, Err(EntityError::Stale { expected: 1, actual: 2 }));
    let late = first.revise(plain.clone(), world.clock.now());
    assert_eq!(store.update(own, &late, &world.record(&late), None).await, Err(StoreError::Conflict));
    assert_eq!(store.remove(own, &first, &world.record(&first)).await, Err(StoreError::Conflict));
    assert_eq!(keeper.get(own, first.id()).await, Ok(second.clone()));

    // From elsewhere it does not exist.
    assert_eq!(keeper.get(foreign, first.id()).await, Err(missing()));
    assert_eq!(keeper.update(caller, foreign, first.id(), None, |_| Ok(plain.clone())).await, Err(missing()));
    assert_eq!(keeper.remove(caller, foreign, first.id(), None).await, Err(missing()));
    let theirs = world.list(store, foreign, &E::Filter::default()).await;
    assert!(theirs.iter().all(|other| other.id() != first.id()));

    // Removed, it is gone, and cannot be removed again.
    keeper.remove(caller, own, first.id(), Some(2)).await.expect("a removal");
    assert_eq!(keeper.get(own, first.id()).await, Err(missing()));
    assert_eq!(keeper.remove(caller, own, first.id(), None).await, Err(missing()));

    // A full one can also be new.
    let new = world.add(store, own, full.clone()).await;
    assert_eq!(keeper.get(own, new.id()).await, Ok(new.clone()));
    assert_eq!(new.details(), &full);
}

/// Pages follow the sort key, without gaps or repeats, whatever is added while somebody turns them.
pub(crate) async fn pages<E>(
    world: &World,
    store: &Arc<dyn EntityStore<E>>,
    scope: &E::Scope,
    make: impl Fn(usize) -> E::Details,
) where
    E: Entity,
{
    // Not in the order of the sort key.
    let mut before = Vec::new();
    for index in [3, 0, 5, 1, 6, 2, 4] {
        before.push(world.add(store, scope, make(index)).await);
    }
    let (mut seen, mut request, mut turned) = (Vec::new(), PageRequest { limit: 3, after: None }, 0);
    loop {
        let Page { items, next } = store.list(scope, &E::Filter::default(), &request).await.expect("a page");
        assert!(items.len() <= 3);
        seen.extend(items);
        turned += 1;
        let Some(next) = next else { break };
        request.after = Some(next);
        world.add(store, scope, make(6 + turned)).await;
    }
    assert!(turned >= 3, "7 entities on pages of 3");
    assert!(seen.windows(2).all(|pair| pair[0].sort_key() < pair[1].sort_key()), "{} in order", E::NOUN);
    for entity in &before {
        assert!(seen.iter().any(|seen| seen.id() == entity.id()), "none left out");
    }
}
