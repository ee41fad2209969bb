//! Storage in a database.

use crate::assemble::Storage;
use crate::ports::{Answers, ContactLog, Database};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use musubi_kernel::error::StoreError;
use musubi_kernel::id::{IdGen, StoreId};
use musubi_kernel::receipt::Answered;
use musubi_kernel::record::AuditEntry;
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql::notification::{SqlBook, SqlChats, SqlConsents, SqlNotifications};
use musubi_sql::{SqlStore, audit, sealed};
use std::sync::Arc;

impl Storage {
    /// Everything in one database. Rows that a booking brings with it get ids of `ids`.
    pub fn sql(store: &SqlStore, ids: Arc<dyn IdGen>) -> Self {
        let whole = Arc::new(store.clone());
        let notifications = Arc::new(SqlNotifications::new(store.clone()));
        Self {
            tenants: store.entities(),
            stores: store.entities(),
            directory: whole.clone(),
            resources: store.entities(),
            resource_book: whole.clone(),
            absences: store.entities(),
            menus: store.entities(),
            menu_options: store.entities(),
            option_book: whole.clone(),
            calendar: store.entities(),
            customers: store.entities(),
            templates: store.entities(),
            notifications: notifications.clone(),
            promotions: notifications.clone(),
            consents: Arc::new(SqlConsents::new(store.clone(), Arc::clone(&ids))),
            inbox: notifications,
            chats: Arc::new(SqlChats::new(store.clone(), Arc::clone(&ids))),
            notification_book: Arc::new(SqlBook::new(store.clone(), Arc::clone(&ids), false)),
            shops: Arc::new(SqlShops::new(store.clone())),
            bookings: Arc::new(SqlBookings::new(store.clone(), ids)),
            keys: whole.clone(),
            people: whole.clone(),
            ephemeral: whole.clone(),
            cipher: Arc::clone(&store.cipher),
            staff: whole.clone(),
            standings: whole.clone(),
            admins: whole.clone(),
            wordpress: whole.clone(),
            age_groups: whole.clone(),
            webhooks: whole.clone(),
            audit: whole.clone(),
            answers: whole.clone(),
            contact_log: whole.clone(),
            database: whole.clone(),
            queue: Arc::new(store.db.clone()),
            outbox: Arc::new(store.db.clone()),
            revisions: whole,
        }
    }
}

#[async_trait]
impl Answers for SqlStore {
    async fn find(&self, caller: &str, key: &str, now: DateTime<Utc>) -> Result<Option<Answered>, StoreError> {
        self.answered(caller, key, now).await
    }
}

#[async_trait]
impl ContactLog for SqlStore {
    async fn add(&self, store: StoreId, date: NaiveDate, entries: &[AuditEntry]) -> Result<(), StoreError> {
        audit::append(&self.db, &audit::chain_of_contact_reads(store, date), entries).await
    }
}

#[async_trait]
impl Database for SqlStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sealed::try_keys(&self.db, &*self.cipher).await
    }

    fn connections(&self) -> (u32, u32) {
        self.db.connections()
    }
}
