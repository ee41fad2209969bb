//! The use cases on API keys.

use crate::api_key::{ApiKey, KeyDigest, NewApiKey, recognisable, secret_from};
use crate::home::{KeyHome, KeysScope};
use crate::ports::{ApiKeyStore, OperatorKeys, Succession};
use chrono::{DateTime, TimeDelta, Utc};
use musubi_kernel::access::{Actor, Caller, OperatorScope, Permission, StoreRef};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{ApiKeyId, IdGen};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::receipt::Receipt;
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{Pause, retrying};
use musubi_kernel::secret::Secret;
use std::sync::{Arc, OnceLock};

/// The fewest characters of an operator's key, which may be of the operator's own making.
pub const OPERATOR_KEY_LENGTH: usize = 32;
/// The longest text that is looked up as a key.
const LONGEST: usize = 512;

const NOUN: &str = "api_key";

/// A key that was just made, with its secret: there is no other time to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The key.
    pub key: ApiKey,
    /// What its holder shows.
    pub secret: Secret,
}

/// The use cases on API keys.
#[derive(Clone)]
pub struct ApiKeys {
    store: Arc<dyn ApiKeyStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

impl ApiKeys {
    /// Use cases over these ports.
    pub fn new(store: Arc<dyn ApiKeyStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdGen>, pause: Arc<dyn Pause>) -> Self {
        Self { store, clock, ids, pause }
    }

    /// A new key of the scope's home. It grants no more than its maker may do, and ends no later than its maker's key:
    /// with it, if nothing is said of its end. The operator's own key is not issued but [set](Self::ensure_operator_key).
    pub async fn issue(
        &self,
        caller: &Caller,
        scope: &KeysScope,
        new: &NewApiKey,
        receipt: &dyn Receipt<Issued>,
    ) -> Result<Issued, EntityError> {
        let now = self.clock.now();
        new.check(&caller.actor, now)?;
        if scope.home() == KeyHome::Installation {
            return Err(EntityError::Refused {
                code: "operator_key_is_set",
                detail: "the operator's key is part of the installation's settings",
            });
        }
        let last = self.end_of_maker(&caller.actor).await?;
        if let (Some(asked), Some(last)) = (new.expires_at, last)
            && asked > last
        {
            let detail = "a key cannot outlive its maker's";
            return Err(Invalid::one("/expires_at", "after_makers", detail).into());
        }
        let new = &NewApiKey { expires_at: new.expires_at.or(last), ..new.clone() };
        retrying(&*self.pause, || async {
            let secret = secret_from(self.ids.secret());
            let issued = Issued { key: self.new_key(scope.home(), new, &secret, now), secret };
            let record = self.record("created", caller, None, &issued.key, now);
            let digest = KeyDigest::of(issued.secret.expose());
            self.store.insert(&issued.key, &digest, &record, receipt.of(&issued).as_ref()).await?;
            Ok(issued)
        })
        .await
    }

    /// Who shows this secret; `None`: nobody known. Remembers, to the minute, that the key was used.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Actor>, StoreError> {
        let now = self.clock.now();
        if secret.len() > LONGEST {
            return Ok(None);
        }
        let found = self.store.find_by_digest(&KeyDigest::of(secret)).await?;
        let Some(key) = found.filter(|key| key.is_live(now)) else { return Ok(None) };
        if key.last_used_at.is_none_or(|last| now - last >= TimeDelta::minutes(1)) {
            // A caller is no less known when this cannot be written down.
            let _ = self.store.touch(key.id, now).await;
        }
        Ok(Some(key.actor()))
    }

    /// The key.
    pub async fn get(&self, scope: &KeysScope, id: ApiKeyId) -> Result<ApiKey, EntityError> {
        self.store.find(scope, id).await?.ok_or(EntityError::NotFound(NOUN))
    }

    /// A page of the scope's keys, revoked ones too.
    pub async fn list(&self, scope: &KeysScope, page: &PageRequest) -> Result<Page<ApiKey>, EntityError> {
        self.store.list(scope, page).await
    }

    /// Ends a key at once. To revoke a revoked key changes nothing.
    pub async fn revoke(&self, caller: &Caller, scope: &KeysScope, id: ApiKeyId) -> Result<ApiKey, EntityError> {
        retrying(&*self.pause, || async {
            let key = self.get(scope, id).await?;
            if key.revoked_at.is_some() {
                return Ok(key);
            }
            let now = self.clock.now();
            let revoked = ApiKey { revoked_at: Some(now), ..key.clone() };
            let record = self.record("revoked", caller, Some(&key), &revoked, now);
            self.store.revoke(scope, id, now, &record).await?;
            Ok(revoked)
        })
        .await
    }

    /// Makes this secret the operator's only key: keeps it if it is, else writes it and revokes the one before. A secret
    /// that was revoked, or that is another's key, is refused.
    pub async fn ensure_operator_key(&self, _: &OperatorScope, secret: &Secret) -> Result<ApiKey, EntityError> {
        let length = secret.expose().len();
        if !(OPERATOR_KEY_LENGTH..=LONGEST).contains(&length) || !secret.expose().bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(EntityError::Refused {
                code: "bad_operator_key",
                detail: "the operator's key must have 32 to 512 letters, digits and signs, and no spaces",
            });
        }
        let (now, digest) = (self.clock.now(), KeyDigest::of(secret.expose()));
        retrying(&*self.pause, || async {
            let kept = OnceLock::new();
            let decide = |keys: OperatorKeys| {
                let next = match keys.shown {
                    Some(key) if key.home == KeyHome::Installation && key.is_live(now) => {
                        let next = Succession { created: None, revoked: self.ended(&keys.unrevoked, key.id, now) };
                        kept.get_or_init(|| key);
                        next
                    }
                    Some(_) => {
                        return Err(EntityError::Refused {
                            code: "operator_key_spent",
                            detail: "the operator's key was revoked or is another's key: choose a new one",
                        });
                    }
                    None => self.succession(&keys.unrevoked, kept.get_or_init(|| self.operators(secret, now)), digest),
                };
                Ok(next)
            };
            self.store.succeed(&digest, &decide).await?;
            kept.into_inner().ok_or_else(|| StoreError::Internal("nobody decided".to_owned()).into())
        })
        .await
    }

    /// Makes the operator a key if there is none; `None`: there is one. Of several who ask at once, one makes it.
    pub async fn first_operator_key(&self, _: &OperatorScope) -> Result<Option<Issued>, EntityError> {
        let now = self.clock.now();
        retrying(&*self.pause, || async {
            let secret = secret_from(self.ids.secret());
            let digest = KeyDigest::of(secret.expose());
            let made = OnceLock::new();
            let decide = |keys: OperatorKeys| {
                if keys.unrevoked.iter().any(|key| key.is_live(now)) {
                    return Ok(Succession::default());
                }
                let key = made.get_or_init(|| self.operators(&secret, now));
                Ok(self.succession(&keys.unrevoked, key, digest))
            };
            self.store.succeed(&digest, &decide).await?;
            Ok(made.into_inner().map(|key| Issued { key, secret }))
        })
        .await
    }

    /// When the key of whoever makes a key ends.
    async fn end_of_maker(&self, maker: &Actor) -> Result<Option<DateTime<Utc>>, EntityError> {
        let Actor::Key { key, tenant, store, .. } = maker else { return Ok(None) };
        let home: Option<KeysScope> = match *store {
            Some(store) => {
                let at = StoreRef { store, tenant: *tenant, open_to_public: false };
                maker.on_store(&at, Permission::KeyManage).ok().map(Into::into)
            }
            None => maker.on_tenant(*tenant, Permission::KeyManage).ok().map(Into::into),
        };
        let home = home.ok_or(EntityError::NotFound(NOUN))?;
        Ok(self.get(&home, *key).await?.expires_at)
    }

    fn operators(&self, secret: &Secret, now: DateTime<Utc>) -> ApiKey {
        let permissions = Permission::ALL.to_vec();
        let new = NewApiKey { name: "operator".to_owned(), permissions, expires_at: None };
        self.new_key(KeyHome::Installation, &new, secret, now)
    }

    /// `key` in the place of those before it.
    fn succession(&self, before: &[ApiKey], key: &ApiKey, digest: KeyDigest) -> Succession {
        let record = self.record("created", &Caller::system(), None, key, key.created_at);
        let revoked = self.ended(before, key.id, key.created_at);
        Succession { created: Some((key.clone(), digest, record)), revoked }
    }

    /// All keys but `kept`, revoked.
    fn ended(&self, keys: &[ApiKey], kept: ApiKeyId, now: DateTime<Utc>) -> Vec<(ApiKeyId, DateTime<Utc>, Record)> {
        let others = keys.iter().filter(|key| key.id != kept);
        let end = |key: &ApiKey| {
            let revoked = ApiKey { revoked_at: Some(now), ..key.clone() };
            (key.id, now, self.record("revoked", &Caller::system(), Some(key), &revoked, now))
        };
        others.map(end).collect()
    }

    fn new_key(&self, home: KeyHome, new: &NewApiKey, secret: &Secret, now: DateTime<Utc>) -> ApiKey {
        ApiKey {
            id: ApiKeyId::new(&*self.ids, now),
            home,
            name: new.name.clone(),
            permissions: new.permissions.iter().copied().collect(),
            prefix: recognisable(secret),
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        }
    }

    fn record(
        &self,
        what: &'static str,
        caller: &Caller,
        before: Option<&ApiKey>,
        after: &ApiKey,
        at: DateTime<Utc>,
    ) -> Record {
        let (tenant, store) = after.home.ids();
        let change = Change {
            kind: format!("{NOUN}.{what}").into(),
            subject_kind: NOUN,
            subject: after.id.into(),
            tenant,
            store,
            caller,
            at,
        };
        Record::of(&*self.ids, &change, before, Some(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::KeysInMemory;
    use musubi_kernel::access::StoreRef;
    use musubi_kernel::clock::ManualClock;
    use musubi_kernel::id::{CountingIds, TenantId};
    use musubi_kernel::receipt::NoReceipt;
    use musubi_kernel::retry::NoPause;
    use uuid::Uuid;

    struct World {
        store: Arc<KeysInMemory>,
        clock: Arc<ManualClock>,
        keys: ApiKeys,
    }

    fn world() -> World {
        let store = Arc::new(KeysInMemory::default());
        let clock = Arc::new(ManualClock::at(DateTime::from_timestamp(1_800_000_000, 0).unwrap()));
        let keys = ApiKeys::new(store.clone(), clock.clone(), Arc::new(CountingIds::default()), Arc::new(NoPause));
        World { store, clock, keys }
    }

    fn tenant(n: u128) -> TenantId {
        Uuid::from_u128(n).into()
    }

    fn of_tenant(actor: &Actor, n: u128) -> KeysScope {
        actor.on_tenant(tenant(n), Permission::KeyManage).unwrap().into()
    }

    fn of_store(actor: &Actor, n: u128, store: u128) -> KeysScope {
        let at = StoreRef { store: Uuid::from_u128(store).into(), tenant: tenant(n), open_to_public: true };
        actor.on_store(&at, Permission::KeyManage).unwrap().into()
    }

    fn new(permissions: &[Permission]) -> NewApiKey {
        NewApiKey { name: "till".into(), permissions: permissions.to_vec(), expires_at: None }
    }

    #[tokio::test]
    async fn an_issued_key_opens_what_it_was_made_for_until_it_ends() {
        let World { store, clock, keys } = world();
        let system = Caller::system();
        let scope = of_store(&system.actor, 1, 7);
        let mut ending = new(&[Permission::BookingRead]);
        ending.expires_at = Some(clock.now() + TimeDelta::hours(1));
        let issued = keys.issue(&system, &scope, &ending, &NoReceipt).await.unwrap();

        let secret = issued.secret.expose();
        assert!(secret.starts_with(&format!("msb_{}", issued.key.prefix)) && secret.len() == 47, "{secret}");
        assert_eq!(
            keys.authenticate(secret).await.unwrap(),
            Some(Actor::Key {
                key: issued.key.id,
                tenant: tenant(1),
                store: Some(Uuid::from_u128(7).into()),
                permissions: [Permission::BookingRead].into(),
            })
        );
        for wrong in ["", "msb_", &secret[..46], &format!("{secret}x"), &"x".repeat(10_000)] {
            assert_eq!(keys.authenticate(wrong).await.unwrap(), None);
        }
        clock.advance(TimeDelta::hours(1));
        assert_eq!(keys.authenticate(secret).await.unwrap(), None);
        assert!(
            !format!("{issued:?} {:?} {:?}", store.records(), serde_json::json!(issued.key)).contains(&secret[12..])
        );
    }

    #[tokio::test]
    async fn use_is_remembered_to_the_minute() {
        let World { clock, keys, .. } = world();
        let system = Caller::system();
        let scope = of_tenant(&system.actor, 1);
        let issued = keys.issue(&system, &scope, &new(&[Permission::BookingRead]), &NoReceipt).await.unwrap();
        let start = clock.now();
        for (after, remembered) in [(0, 0), (59, 0), (60, 60), (100, 60)] {
            clock.set(start + TimeDelta::seconds(after));
            keys.authenticate(issued.secret.expose()).await.unwrap().unwrap();
            let last = keys.get(&scope, issued.key.id).await.unwrap().last_used_at;
            assert_eq!(last, Some(start + TimeDelta::seconds(remembered)), "{after}");
        }
    }

    #[tokio::test]
    async fn a_key_grants_only_what_its_maker_holds() {
        let World { keys, .. } = world();
        let system = Caller::system();
        let manager = new(&[Permission::KeyManage, Permission::BookingRead]);
        let manager = keys.issue(&system, &of_tenant(&system.actor, 1), &manager, &NoReceipt).await.unwrap();
        let manager = Caller { actor: manager.key.actor(), ..Caller::system() };

        let scope = of_tenant(&manager.actor, 1);
        assert!(keys.issue(&manager, &scope, &new(&[Permission::BookingRead]), &NoReceipt).await.is_ok());
        let more = keys.issue(&manager, &scope, &new(&[Permission::BookingWrite]), &NoReceipt).await;
        assert!(matches!(more, Err(EntityError::Invalid(_))));
        assert!(manager.actor.on_tenant(tenant(2), Permission::KeyManage).is_err());

        let operators = KeysScope::from(system.actor.as_operator().unwrap());
        let refused = keys.issue(&system, &operators, &new(&[Permission::BookingRead]), &NoReceipt).await;
        assert!(matches!(refused, Err(EntityError::Refused { code: "operator_key_is_set", .. })));
    }

    #[tokio::test]
    async fn a_key_ends_no_later_than_its_makers() {
        let World { clock, keys, .. } = world();
        let system = Caller::system();
        let end = clock.now() + TimeDelta::hours(1);
        let manage = |expires_at| NewApiKey { expires_at, ..new(&[Permission::KeyManage]) };
        for home in [of_tenant(&system.actor, 1), of_store(&system.actor, 1, 7)] {
            let made = keys.issue(&system, &home, &manage(Some(end)), &NoReceipt).await.unwrap();
            let maker = Caller { actor: made.key.actor(), ..Caller::system() };
            let scope = of_store(&maker.actor, 1, 7);
            for (asked, given) in [(None, end), (Some(end), end)] {
                let issued = keys.issue(&maker, &scope, &manage(asked), &NoReceipt).await.unwrap();
                assert_eq!(issued.key.expires_at, Some(given));
            }
            let later = manage(Some(end + TimeDelta::seconds(1)));
            let Err(EntityError::Invalid(invalid)) = keys.issue(&maker, &scope, &later, &NoReceipt).await else {
                panic!("a key that outlives its maker's")
            };
            let [violation] = invalid.violations() else { panic!("{invalid:?}") };
            assert_eq!((violation.pointer.as_str(), violation.code), ("/expires_at", "after_makers"));
        }
    }

    #[tokio::test]
    async fn keys_are_listed_and_revoked_within_their_scope() {
        let World { store, keys, .. } = world();
        let system = Caller::system();
        let read = new(&[Permission::BookingRead]);
        let (tenants, stores) = (of_tenant(&system.actor, 1), of_store(&system.actor, 1, 7));
        let tenants_own = keys.issue(&system, &tenants, &read, &NoReceipt).await.unwrap();
        let stores_own = keys.issue(&system, &stores, &read, &NoReceipt).await.unwrap();
        let foreign = keys.issue(&system, &of_tenant(&system.actor, 2), &read, &NoReceipt).await.unwrap();

        let ids = async |scope: &KeysScope| {
            let page = keys.list(scope, &PageRequest::default()).await.unwrap();
            page.items.into_iter().map(|key| key.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(&tenants).await, [tenants_own.key.id, stores_own.key.id]);
        assert_eq!(ids(&stores).await, [stores_own.key.id]);
        assert_eq!(ids(&of_store(&system.actor, 1, 8)).await, []);
        for (scope, id) in [(&stores, tenants_own.key.id), (&tenants, foreign.key.id)] {
            assert_eq!(keys.revoke(&system, scope, id).await, Err(EntityError::NotFound("api_key")));
        }

        let revoked = keys.revoke(&system, &tenants, stores_own.key.id).await.unwrap();
        assert!(revoked.revoked_at.is_some());
        assert_eq!(keys.authenticate(stores_own.secret.expose()).await.unwrap(), None);
        assert_eq!(keys.revoke(&system, &tenants, stores_own.key.id).await.unwrap(), revoked);
        let kinds: Vec<_> = store.records().into_iter().map(|record| record.event.kind).collect();
        assert_eq!(kinds, ["api_key.created", "api_key.created", "api_key.created", "api_key.revoked"]);
    }

    #[tokio::test]
    async fn the_operators_first_key_is_made_once() {
        let World { keys, .. } = world();
        let operator = Actor::System.as_operator().unwrap();
        let first = keys.first_operator_key(&operator).await.unwrap().expect("a key");
        assert_eq!(keys.first_operator_key(&operator).await.unwrap(), None);
        let actor = keys.authenticate(first.secret.expose()).await.unwrap();
        assert_eq!(actor, Some(Actor::Operator { key: first.key.id }));
        keys.revoke(&Caller::system(), &operator.clone().into(), first.key.id).await.unwrap();
        assert!(keys.first_operator_key(&operator).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_operator_has_one_key() {
        let World { keys, .. } = world();
        let operator = Actor::System.as_operator().unwrap();
        let (first, second) = (Secret::new("a".repeat(32)), Secret::new("b".repeat(32)));
        let key = keys.ensure_operator_key(&operator, &first).await.unwrap();
        assert_eq!(keys.ensure_operator_key(&operator, &first).await.unwrap(), key);
        assert_eq!(keys.authenticate(first.expose()).await.unwrap(), Some(Actor::Operator { key: key.id }));

        let other = keys.ensure_operator_key(&operator, &second).await.unwrap();
        assert_eq!(keys.authenticate(first.expose()).await.unwrap(), None);
        assert_eq!(keys.authenticate(second.expose()).await.unwrap(), Some(Actor::Operator { key: other.id }));

        let spent = keys.ensure_operator_key(&operator, &first).await;
        assert!(matches!(spent, Err(EntityError::Refused { code: "operator_key_spent", .. })));
        for bad in ["short", &"a b ".repeat(20), &"x".repeat(513)] {
            let refused = keys.ensure_operator_key(&operator, &Secret::new(bad)).await;
            assert!(matches!(refused, Err(EntityError::Refused { code: "bad_operator_key", .. })), "{bad}");
        }
    }
}
