//! Those who work at stores: reading, and units of work.
//!
//! A unit begins with the lock of the store's audit chain, which each of them writes: so decisions about one store's
//! staff are made one after the other, on a multi-primary cluster too. Who becomes staff writes to their own chain as well,
//! as who goes does: so nobody does both at once.

use super::{admin_user, api_key, one_time_token, pages, staff_account, staff_invitation, user};
use crate::SqlStore;
use crate::audit::{self, chain_of, chain_of_person};
use crate::engine::{Row, Tx};
use crate::records::Records;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use musubi_identity::admin_user::AdminUser;
use musubi_identity::api_key::ApiKey;
use musubi_identity::one_time_token::OneTimeToken;
use musubi_identity::staff::ports::{Member, StaffStore, StaffUnit, Workplace};
use musubi_identity::staff::scope::StaffScope;
use musubi_identity::staff_account::StaffAccount;
use musubi_identity::token::TokenDigest;
use musubi_identity::user::User;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{ApiKeyId, OneTimeTokenId, ResourceId, StaffAccountId, StoreId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use std::sync::Arc;

#[async_trait]
impl StaffStore for SqlStore {
    async fn begin(&self, scope: &StaffScope) -> Result<Box<dyn StaffUnit>, StoreError> {
        let mut tx = self.db.begin().await?;
        let chain = chain_of(Some(scope.tenant()), Some(scope.store()));
        let mut records = Records::default();
        records.entries.know(chain.clone(), audit::lock(&mut tx, &chain).await?);
        Ok(Box::new(Unit { scope: *scope, chain, tx, cipher: self.cipher.clone(), records }))
    }

    async fn member(&self, scope: &StaffScope, id: StaffAccountId) -> Result<Option<Member>, StoreError> {
        let query = members().cond_where(staff_account::by_id(scope, id)).to_owned();
        self.db.optional(&query).await?.map(|row| member(&row)).transpose()
    }

    async fn members(
        &self,
        scope: &StaffScope,
        include_inactive: bool,
        page: &PageRequest,
    ) -> Result<Page<Member>, EntityError> {
        let active = Expr::col((staff_account::TABLE, "is_active")).eq(true);
        let shown = staff_account::of_store(scope).add_option((!include_inactive).then_some(active));
        let query = members().cond_where(shown).to_owned();
        pages::by_id(&self.db, query, staff_account::TABLE, page, member, |member| member.account.id).await
    }

    async fn invitations(
        &self,
        scope: &StaffScope,
        now: DateTime<Utc>,
        page: &PageRequest,
    ) -> Result<Page<OneTimeToken>, EntityError> {
        let read = |row: &Row| one_time_token::read(row, &*self.cipher);
        let query = staff_invitation::open(scope, now);
        pages::by_id(&self.db, query, one_time_token::TABLE, page, read, |token| token.id).await
    }

    async fn token(&self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        let row = self.db.optional(&one_time_token::by_digest(digest)).await?;
        row.map(|row| one_time_token::read(&row, &*self.cipher)).transpose()
    }

    async fn account_at(&self, user: UserId, store: StoreId) -> Result<Option<StaffAccount>, StoreError> {
        self.db.optional(&staff_account::of_user(user, store)).await?.map(|row| staff_account::read(&row)).transpose()
    }

    async fn workplaces(&self, user: UserId, page: &PageRequest) -> Result<Page<Workplace>, EntityError> {
        let query = staff_account::accounts()
            .column(("stores", "name"))
            .inner_join("stores", Expr::col(("stores", "id")).equals((staff_account::TABLE, "store_id")))
            .cond_where(staff_account::live())
            .and_where(Expr::col((staff_account::TABLE, "user_id")).eq(user.0))
            .to_owned();
        let read = |row: &Row| Ok(Workplace { account: staff_account::read(row)?, store_name: row.get("name")? });
        pages::by_id(&self.db, query, staff_account::TABLE, page, read, |place| place.account.id).await
    }
}

fn members() -> SelectStatement {
    staff_account::accounts()
        .column(("users", "display_name"))
        .inner_join("users", Expr::col(("users", "id")).equals((staff_account::TABLE, "user_id")))
        .to_owned()
}

fn member(row: &Row) -> Result<Member, StoreError> {
    Ok(Member { account: staff_account::read(row)?, display_name: row.get("display_name")? })
}

struct Unit {
    scope: StaffScope,
    chain: String,
    tx: Tx,
    cipher: Arc<dyn Cipher>,
    records: Records,
}

#[async_trait]
impl StaffUnit for Unit {
    async fn account(&mut self, id: StaffAccountId) -> Result<Option<StaffAccount>, StoreError> {
        let query = staff_account::accounts().cond_where(staff_account::by_id(&self.scope, id)).to_owned();
        self.tx.optional(&query).await?.map(|row| staff_account::read(&row)).transpose()
    }

    async fn account_of(&mut self, user: UserId) -> Result<Option<StaffAccount>, StoreError> {
        let query = staff_account::of_user(user, self.scope.store());
        self.tx.optional(&query).await?.map(|row| staff_account::read(&row)).transpose()
    }

    async fn has_owner_beside(&mut self, id: StaffAccountId) -> Result<bool, StoreError> {
        Ok(self.tx.optional(&staff_account::other_owner(self.scope.store(), id)).await?.is_some())
    }

    async fn has_resource(&mut self, id: ResourceId) -> Result<bool, StoreError> {
        let query = Query::select()
            .column("id")
            .from("resources")
            .and_where(Expr::col("tenant_id").eq(self.scope.tenant().0))
            .and_where(Expr::col("store_id").eq(self.scope.store().0))
            .and_where(Expr::col("id").eq(id.0))
            .to_owned();
        Ok(self.tx.optional(&query).await?.is_some())
    }

    async fn store_name(&mut self) -> Result<String, StoreError> {
        let query = Query::select()
            .column("name")
            .from("stores")
            .and_where(Expr::col("tenant_id").eq(self.scope.tenant().0))
            .and_where(Expr::col("id").eq(self.scope.store().0))
            .to_owned();
        self.tx.optional(&query).await?.ok_or(StoreError::Conflict)?.get("name")
    }

    async fn person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::by_id(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError> {
        self.tx.optional(&admin_user::of(user)).await?.map(|row| admin_user::read(&row)).transpose()
    }

    async fn key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreError> {
        self.tx.optional(&api_key::by_id(id)).await?.map(|row| api_key::read(&row)).transpose()
    }

    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::locking(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn add(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&staff_account::adding(account)).await
    }

    async fn save(&mut self, account: &StaffAccount) -> Result<(), StoreError> {
        self.tx.exactly_one(&staff_account::saving(account)).await
    }

    async fn token(&mut self, digest: &TokenDigest) -> Result<Option<OneTimeToken>, StoreError> {
        let row = self.tx.optional(&one_time_token::by_digest(digest)).await?;
        row.map(|row| one_time_token::read(&row, &*self.cipher)).transpose()
    }

    async fn invitation(&mut self, id: OneTimeTokenId, now: DateTime<Utc>) -> Result<Option<OneTimeToken>, StoreError> {
        let query = staff_invitation::open(&self.scope, now).and_where(Expr::col("id").eq(id.0)).to_owned();
        let row = self.tx.optional(&query).await?;
        row.map(|row| one_time_token::read(&row, &*self.cipher)).transpose()
    }

    async fn open_invitations(&mut self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let row = self.tx.optional(&staff_invitation::how_many(&self.scope, now)).await?;
        row.map_or(Ok(0), |row| row.int("open"))
    }

    async fn invitations_to(
        &mut self,
        email: &EmailAddress,
        now: DateTime<Utc>,
    ) -> Result<Vec<OneTimeToken>, StoreError> {
        let rows = self.tx.all(&staff_invitation::open_to(&self.scope, email, now, &*self.cipher)).await?;
        rows.iter().map(|row| one_time_token::read(row, &*self.cipher)).collect()
    }

    async fn void_invitations(&mut self, email: &EmailAddress, at: DateTime<Utc>) -> Result<(), StoreError> {
        let voiding = staff_invitation::voiding(&self.scope, email, at, &*self.cipher);
        self.tx.execute(&voiding).await.map(drop)
    }

    async fn add_invitation(&mut self, token: &OneTimeToken, email: &EmailAddress) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::adding(token, &*self.cipher)).await?;
        self.tx.exactly_one(&staff_invitation::adding(&self.scope, token, email, &*self.cipher)).await
    }

    async fn use_invitation(&mut self, id: OneTimeTokenId, at: DateTime<Utc>) -> Result<(), StoreError> {
        self.tx.exactly_one(&one_time_token::using(id, at)).await
    }

    fn note(&mut self, record: &Record) {
        self.records.add(self.chain.clone(), record);
    }

    fn note_of_person(&mut self, person: UserId, record: &Record) {
        self.records.add(chain_of_person(person), record);
    }

    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let Self { mut tx, mut records, .. } = *self;
        records.entries.find_ends(&mut tx).await?;
        tx.write_together(&records.writes()).await?;
        tx.commit().await
    }
}
