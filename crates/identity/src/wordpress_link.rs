//! Which member of the WordPress site a person is: one of each.

use crate::people::memory::{PeopleInMemory, State};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::{Caller, OperatorScope};
use musubi_kernel::clock::Clock;
use musubi_kernel::error::{EntityError, Invalid, StoreError};
use musubi_kernel::id::{IdGen, UserId};
use musubi_kernel::record::{Change, Record};
use musubi_kernel::retry::{Pause, retrying};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard};

const NOUN: &str = "wordpress_link";

/// Which member of the WordPress site a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WordPressLink {
    /// Who.
    pub user_id: UserId,
    /// The id of the member there.
    pub wp_user_id: i64,
    /// Since when this is known.
    pub linked_at: DateTime<Utc>,
}

/// Where links are kept. Every write is one transaction; records go to the person's audit chain.
#[async_trait]
pub trait WordPressLinkStore: Send + Sync {
    /// Whether there is such a person, who is not deleted.
    async fn is_person(&self, user: UserId) -> Result<bool, StoreError>;

    /// The person's link.
    async fn find(&self, user: UserId) -> Result<Option<WordPressLink>, StoreError>;

    /// Writes a link where `before` was: [`StoreError::Conflict`] when that has changed or there is no such person any more,
    /// [`StoreError::Taken`] `wordpress_user_taken` when the member is another person.
    async fn put(
        &self,
        before: Option<&WordPressLink>,
        link: &WordPressLink,
        record: &Record,
    ) -> Result<(), StoreError>;

    /// Removes a link; [`StoreError::Conflict`] when it has changed.
    async fn remove(&self, link: &WordPressLink, record: &Record) -> Result<(), StoreError>;
}

/// The use cases on links to WordPress. They are the operator's: who moves people here knows who they were there.
#[derive(Clone)]
pub struct WordPressLinks {
    store: Arc<dyn WordPressLinkStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGen>,
    pause: Arc<dyn Pause>,
}

impl WordPressLinks {
    /// Use cases over these ports.
    pub fn new(
        store: Arc<dyn WordPressLinkStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGen>,
        pause: Arc<dyn Pause>,
    ) -> Self {
        Self { store, clock, ids, pause }
    }

    /// The person's link.
    pub async fn get(&self, _: &OperatorScope, user: UserId) -> Result<WordPressLink, EntityError> {
        self.store.find(user).await?.ok_or(EntityError::NotFound(NOUN))
    }

    /// Links a person, who must exist, to a member; in the place of the one before.
    pub async fn put(
        &self,
        caller: &Caller,
        _: &OperatorScope,
        user: UserId,
        wp_user_id: i64,
    ) -> Result<WordPressLink, EntityError> {
        let mut invalid = Invalid::default();
        invalid.range("/wp_user_id", wp_user_id, 1..=i64::MAX);
        invalid.finish()?;
        let linked_at = self.clock.now();
        retrying(&*self.pause, || async {
            if !self.store.is_person(user).await? {
                return Err(EntityError::NotFound("user"));
            }
            let before = self.store.find(user).await?;
            if let Some(same) = before.filter(|before| before.wp_user_id == wp_user_id) {
                return Ok(same);
            }
            let link = WordPressLink { user_id: user, wp_user_id, linked_at };
            let record = self.record("wordpress_link.put", caller, before.as_ref(), Some(&link), linked_at);
            self.store.put(before.as_ref(), &link, &record).await?;
            Ok(link)
        })
        .await
    }

    /// Takes a person's link away.
    pub async fn remove(&self, caller: &Caller, scope: &OperatorScope, user: UserId) -> Result<(), EntityError> {
        retrying(&*self.pause, || async {
            let link = self.get(scope, user).await?;
            let record = self.record("wordpress_link.removed", caller, Some(&link), None, self.clock.now());
            Ok(self.store.remove(&link, &record).await?)
        })
        .await
    }

    fn record(
        &self,
        kind: &'static str,
        caller: &Caller,
        before: Option<&WordPressLink>,
        after: Option<&WordPressLink>,
        at: DateTime<Utc>,
    ) -> Record {
        let subject = after.or(before).map_or_else(uuid::Uuid::nil, |link| link.user_id.0);
        let change = Change { kind: kind.into(), subject_kind: NOUN, subject, tenant: None, store: None, caller, at };
        let told = |link: &WordPressLink| -> Value { json!(link) };
        Record::of(&*self.ids, &change, before.map(told).as_ref(), after.map(told).as_ref())
    }
}

/// Links in memory, for tests and for embedding without a database.
pub struct WordPressLinksInMemory(Arc<Mutex<State>>);

impl WordPressLinksInMemory {
    /// None yet, of these people.
    pub fn new(people: &PeopleInMemory) -> Self {
        Self(people.shared())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no holder panics")
    }
}

#[async_trait]
impl WordPressLinkStore for WordPressLinksInMemory {
    async fn is_person(&self, user: UserId) -> Result<bool, StoreError> {
        Ok(self.state().has_person(user))
    }

    async fn find(&self, user: UserId) -> Result<Option<WordPressLink>, StoreError> {
        Ok(self.state().wordpress.get(&user).copied())
    }

    async fn put(&self, before: Option<&WordPressLink>, link: &WordPressLink, _: &Record) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.has_person(link.user_id) || state.wordpress.get(&link.user_id) != before {
            return Err(StoreError::Conflict);
        }
        if state.wordpress.values().any(|other| other.user_id != link.user_id && other.wp_user_id == link.wp_user_id) {
            return Err(TAKEN);
        }
        state.wordpress.insert(link.user_id, *link);
        state.wrote();
        Ok(())
    }

    async fn remove(&self, link: &WordPressLink, _: &Record) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.wordpress.get(&link.user_id) != Some(link) {
            return Err(StoreError::Conflict);
        }
        state.wordpress.remove(&link.user_id);
        state.wrote();
        Ok(())
    }
}

/// The member is another person.
pub const TAKEN: StoreError =
    StoreError::Taken { code: "wordpress_user_taken", detail: "another person is this member of the WordPress site" };
