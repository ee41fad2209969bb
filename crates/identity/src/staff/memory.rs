//! A fake of the [ports](super::ports), for tests and for embedding without a database.
//!
//! Staff are kept beside the people who they are ([`PeopleInMemory`]). A unit works on a copy of everything and puts it back
//! on commit, unless somebody else wrote meanwhile: then the commit is a lost race.

use super::ports::{Member, StaffStore, StaffUnit, Workplace};
use super::scope::StaffScope;
use crate::admin_user::AdminUser;
use crate::api_key::ApiKey;
use crate::one_time_token::{OneTimeToken, TokenKind};
use crate::people::memory::{PeopleInMemory, State};
use crate::people::ports::PeopleStore as _;
use crate::staff_account::StaffAccount;
use crate::standing::{Standing, StandingBook};
use crate::token::TokenDigest;
use crate::user::User;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_kernel::access::PersonScope;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{ApiKeyId, OneTimeTokenId, ResourceId, StaffAccountId, StoreId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use std::sync::Arc;

/// What others keep of stores, and of who decides about them.
pub trait Premises: Send + Sync {
    /// What a store is called.
    fn name_of(&self, store: StoreId) -> Option<String>;
    /// Whether it has this resource.
    fn has(&self, store: StoreId, resource: ResourceId) -> bool;
    /// The API key with this id.
    fn key(&self, id: ApiKeyId) -> Option<ApiKey>;
}

/// An invitation, with its store and the address to which it was sent.
pub(crate) type SentInvitation = (StaffScope, EmailAddress, OneTimeToken);

impl State {
    fn of_user(&self, user: UserId, store: StoreId) -> Option<StaffAccount> {
        self.staff.values().find(|account| account.user_id == user && account.store_id == store).cloned()
    }

    fn token(&self, digest: &TokenDigest) -> Option<OneTimeToken> {
        self.invitations.values().map(|(.., token)| token).find(|token| token.digest == *digest).cloned()
    }

    fn open(&self, scope: &StaffScope, now: DateTime<Utc>) -> impl Iterator<Item = &SentInvitation> {
        self.invitations.values().filter(move |(of, _, token)| of == scope && is_live(token, now))
    }

    fn member_of(&self, account: StaffAccount) -> Member {
        let person = self.users.get(&account.user_id);
        Member { display_name: person.map(|user| user.display_name.clone()).unwrap_or_default(), account }
    }
}

fn is_live(token: &OneTimeToken, now: DateTime<Utc>) -> bool {
    token.is_live(TokenKind::Invitation, now)
}

fn is_of(scope: &StaffScope, account: &StaffAccount) -> bool {
    (account.tenant_id, account.store_id) == (scope.tenant(), scope.store())
}

/// Staff in memory.
#[derive(Clone)]
pub struct StaffInMemory {
    people: Arc<PeopleInMemory>,
    premises: Arc<dyn Premises>,
}

impl StaffInMemory {
    /// No staff yet, of these people at these stores.
    pub fn new(people: Arc<PeopleInMemory>, premises: Arc<dyn Premises>) -> Self {
        Self { people, premises }
    }

    /// What was recorded so far, in order; of the people too.
    pub fn records(&self) -> Vec<Record> {
        self.people.records()
    }

    fn state(&self) -> State {
        self.people.shared().lock().expect("no holder panics").clone()
    }
}

#[async_trait]
impl StaffStore for StaffInMemory {
    async fn begin(&self, scope: &StaffScope) -> Result<Box<dyn StaffUnit>, StoreError> {
        Ok(Box::new(Unit { scope: *scope, state: self.state(), kept: self.clone() }))
    }

    async fn member(&self, scope: &StaffScope, id: StaffAccountId) -> Result<Option<Member>, StoreError> {
        let state = self.state();
        let found = state.staff.get(&id).filter(|account| is_of(scope, account)).cloned();
        Ok(found.map(|account| state.member_of(account)))
    }

    async fn members(
        &self,
        scope: &StaffScope,
        include_inactive: bool,
        page: &PageRequest,
    ) -> Result<Page<Member>, EntityError> {
        let shown = |account: &StaffAccount| is_of(scope, account) && (include_inactive || account.details.is_active);
        let state = self.state();
        let accounts = page_of(state.staff.values().filter(|account| shown(account)), page, |one| one.id)?;
        Ok(accounts.map(|account| state.member_of(account)))
    }

    async fn invitations(
        &self,
        scope: &StaffScope,
        now: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<Page<OneTimeToken>, EntityError> {
        page_of(self.state().open(scope, now).map(|(.., token)| token), page, |token| token.id)
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state().token(digest))
    }

    async fn account_at(&self, user: UserId, store: StoreId) -> Result<Option<StaffAccount>, StoreError> {
        Ok(self.state().of_user(user, store))
    }

    async fn workplaces(&self, user: UserId, page: &PageRequest) -> Result<Page<Workplace>, EntityError> {
        let state = self.state();
        let live = |account: &&StaffAccount| account.user_id == user && account.details.is_active;
        let accounts = page_of(state.staff.values().filter(live), page, |one| one.id)?;
        Ok(accounts.map(|account| Workplace {
            store_name: self.premises.name_of(account.store_id).unwrap_or_default(),
            account,
        }))
    }
}

#[async_trait]
impl StandingBook for StaffInMemory {
    async fn standing(&self, person: &PersonScope, store: Option<StoreId>) -> Result<Standing, StoreError> {
        let sessions = self.people.sessions(person.user(), DateTime::<Utc>::MIN_UTC).await?;
        let session = sessions.into_iter().find(|session| session.id == person.session());
        let (state, user) = (self.state(), person.user());
        let account = store.and_then(|store| state.of_user(user, store));
        Ok(Standing {
            post: account.and_then(|account| account.post()),
            admin: state.admin_of(user).filter(|admin| admin.is_active).map(|admin| (admin.id, admin.role)),
            methods: session.map(|session| session.methods).unwrap_or_default(),
        })
    }
}

fn page_of<'a, T: Clone + 'a, I: Copy + Ord + serde::Serialize + serde::de::DeserializeOwned>(
    all: impl Iterator<Item = &'a T>,
    page: &PageRequest,
    id: impl Fn(&T) -> I,
) -> Result<Page<T>, EntityError> {
    let last: Option<I> = page.position()?;
    let after = all.filter(|one| last.is_none_or(|last| id(one) > last));
    Ok(Page::of(after.take(page.limit as usize + 1).cloned().collect(), page.limit, id))
}

struct Unit {
    scope: StaffScope,
    state: State,
    kept: StaffInMemory,
}

#[async_trait]
impl StaffUnit for Unit {
    async fn account(&mut self, id: StaffAccountId) -> Result<Option<StaffAccount>, StoreError> {
        Ok(self.state.staff.get(&id).filter(|account| is_of(&self.scope, account)).cloned())
    }

    async fn account_of(&mut self, user: UserId) -> Result<Option<StaffAccount>, StoreError> {
        Ok(self.state.of_user(user, self.scope.store()))
    }

    async fn has_owner_beside(&mut self, id: StaffAccountId) -> Result<bool, StoreError> {
        Ok(self.state.has_owner_beside(self.scope.store(), id))
    }

    async fn has_resource(&mut self, id: ResourceId) -> Result<bool, StoreError> {
        Ok(self.kept.premises.has(self.scope.store(), id))
    }

    async fn store_name(&mut self) -> Result<String, StoreError> {
        self.kept.premises.name_of(self.scope.store()).ok_or(StoreError::Conflict)
    }

    async fn person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state.users.get(&id).cloned())
    }

    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError> {
        Ok(self.state.admin_of(user))
    }

    async fn key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        Ok(self.kept.premises.key(id))
    }

    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state.users.get(&id).cloned())
    }

    async fn add(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        if self.state.of_user(account.user_id, account.store_id).is_some() {
            return Err(StoreError::Conflict);
        }
        self.state.staff.insert(account.id, account.clone());
        Ok(())
    }

    async fn save(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        self.state.save_staff(account)
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        Ok(self.state.token(digest))
    }

    async fn invitation(&mut self, id: OneTimeTokenId, now: DateTime<Utc>) -> Result<Option<OneTimeToken>, StoreError> {
        let mut open = self.state.open(&self.scope, now);
        Ok(open.find(|(.., token)| token.id == id).map(|(.., token)| token.clone()))
    }

    async fn open_invitations(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(self.state.open(&self.scope, now).count() as u64)
    }

    async fn invitations_to(
        &mut self,
        email: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Vec<OneTimeToken>, StoreError> {
        let sent = self.state.open(&self.scope, now).filter(|(_, to, _)| to == email);
        Ok(sent.map(|(.., token)| token.clone()).collect())
    }

    async fn void_invitations(&mut self, email: &EmailAddress, at: DateTime<Utc>) -> Result<(), StoreError> {
        for (of, to, token) in self.state.invitations.values_mut() {
            if *of == self.scope && to == email && token.used_at.is_none() {
                (token.used_at, token.payload) = (Some(at), None);
            }
        }
        Ok(())
    }

    async fn add_invitation(&mut self, token: &OneTimeToken, email: &EmailAddress) -> Result<(), StoreError> {
        self.state.invitations.insert(token.id, (self.scope, email.clone(), token.clone()));
        Ok(())
    }

    async fn use_invitation(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        let open = self.state.invitations.get_mut(&id).filter(|(.., token)| token.used_at.is_none());
        let (.., token) = open.ok_or(StoreError::Conflict)?;
        (token.used_at, token.payload) = (Some(at), None);
        Ok(())
    }

    fn note(&mut self, record: &Record) {
        self.state.records.push(record.clone());
    }

    fn note_of_person(&mut self, _: UserId, record: &Record) {
        self.state.records.push(record.clone());
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.state.commit(&self.kept.people.shared())
    }
}
