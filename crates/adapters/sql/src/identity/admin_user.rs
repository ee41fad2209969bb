//! People who look after the platform.
//!
//! Who is appointed is locked, and told of it in their own audit chain: on a multi-primary cluster, where the lock stays on its
//! node, that is where an appointment and a lock of the same person clash.

use super::{pages, user};
use crate::SqlStore;
use crate::audit::{chain_of, chain_of_person};
use crate::engine::{Row, Tx};
use crate::records::Records;
use async_trait::async_trait;
use musubi_identity::admin_user::AdminUser;
use musubi_identity::admins::ports::{AdminStore, AdminUnit};
use musubi_identity::user::User;
use musubi_kernel::access::AdminRole;
use musubi_kernel::email::EmailAddress;
use musubi_kernel::error::{EntityError, StoreError};
use musubi_kernel::id::{AdminUserId, UserId};
use musubi_kernel::page::{Page, PageRequest};
use musubi_kernel::record::Record;
use musubi_kernel::secret::Cipher;
use sea_query::{Expr, ExprTrait as _, InsertStatement, Query, SelectStatement, UpdateStatement};
use std::sync::Arc;

const TABLE: &str = "admin_users";

const COLUMNS: [&str; 7] = ["id", "user_id", "role", "is_active", "version", "created_at", "updated_at"];

fn admins() -> SelectStatement {
    Query::select().columns(COLUMNS).from(TABLE).to_owned()
}

/// What a person is to the platform, or was.
pub(super) fn of(user: UserId) -> SelectStatement {
    admins().and_where(Expr::col("user_id").eq(user.0)).to_owned()
}

fn adding(admin: &AdminUser) -> InsertStatement {
    Query::insert()
        .into_table(TABLE)
        .columns(COLUMNS)
        .values_panic([
            admin.id.0.into(),
            admin.user_id.0.into(),
            admin.role.code().into(),
            admin.is_active.into(),
            admin.version.into(),
            admin.created_at.into(),
            admin.updated_at.into(),
        ])
        .to_owned()
}

/// Over the version before theirs.
fn saving(admin: &AdminUser) -> UpdateStatement {
    Query::update()
        .table(TABLE)
        .value("role", admin.role.code())
        .value("is_active", admin.is_active)
        .value("version", admin.version)
        .value("updated_at", admin.updated_at)
        .and_where(Expr::col("id").eq(admin.id.0))
        .and_where(Expr::col("version").eq(admin.version - 1))
        .to_owned()
}

pub(super) fn read(row: &Row) -> Result<AdminUser, StoreError> {
    Ok(AdminUser {
        id: row.id("id")?,
        user_id: row.id("user_id")?,
        role: row.code("role", AdminRole::from_code)?,
        is_active: row.get("is_active")?,
        version: row.get("version")?,
        created_at: row.get("created_at")?,
        updated_at: row.get("updated_at")?,
    })
}

#[async_trait]
impl AdminStore for SqlStore {
    async fn begin(&self) -> Result<Box<dyn AdminUnit>, StoreError> {
        let tx = self.db.begin().await?;
        Ok(Box::new(Unit { tx, cipher: self.cipher.clone(), records: Records::default() }))
    }

    async fn admins(&self, page: &PageRequest) -> Result<Page<AdminUser>, EntityError> {
        let now = admins().and_where(Expr::col("is_active").eq(true)).to_owned();
        pages::by_id(&self.db, now, TABLE, page, read, |admin| admin.id).await
    }
}

struct Unit {
    tx: Tx,
    cipher: Arc<dyn Cipher>,
    records: Records,
}

#[async_trait]
impl AdminUnit for Unit {
    async fn admin(&mut self, id: AdminUserId) -> Result<Option<AdminUser>, StoreError> {
        let query = admins().and_where(Expr::col("id").eq(id.0)).to_owned();
        self.tx.optional(&query).await?.map(|row| read(&row)).transpose()
    }

    async fn admin_of(&mut self, user: UserId) -> Result<Option<AdminUser>, StoreError> {
        self.tx.optional(&of(user)).await?.map(|row| read(&row)).transpose()
    }

    async fn lock_person(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let row = self.tx.optional(&user::locking(id)).await?;
        row.map(|row| user::read(&row, &*self.cipher)).transpose()
    }

    async fn person_by_email(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        self.tx.optional(&user::by_email(email, &*self.cipher)).await?.map(|row| row.id("id")).transpose()
    }

    async fn add(&mut self, admin: &AdminUser) -> Result<(), StoreError> {
        self.tx.exactly_one(&adding(admin)).await
    }

    async fn save(&mut self, admin: &AdminUser) -> Result<(), StoreError> {
        self.tx.exactly_one(&saving(admin)).await
    }

    fn note(&mut self, record: &Record) {
        self.records.add(chain_of(None, None), record);
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
