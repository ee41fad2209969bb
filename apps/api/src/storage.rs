//! Storage in a database.

use crate::assemble::Storage;
use crate::ports::{Answers, Database};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use musubi_identity::people::ports::PeopleStore as _;
use musubi_kernel::error::StoreError;
use musubi_kernel::id::IdGen;
use musubi_kernel::receipt::Answered;
use musubi_sql::booking::{SqlBookings, SqlShops};
use musubi_sql::{SqlStore, idempotency};
use std::sync::Arc;

/// How long sessions and one-time tokens are kept after they are over.
const SIGN_INS_KEPT: TimeDelta = TimeDelta::days(30);

impl Storage {
    /// Everything in one database. Rows that a booking brings with it get ids of `ids`.
    pub fn sql(store: &SqlStore, ids: Arc<dyn IdGen>) -> Self {
        let whole = Arc::new(store.clone());
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
            shops: Arc::new(SqlShops::new(store.clone())),
            bookings: Arc::new(SqlBookings::new(store.clone(), ids)),
            keys: whole.clone(),
            answers: whole.clone(),
            database: whole.clone(),
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
impl Database for SqlStore {
    async fn ping(&self) -> Result<(), StoreError> {
        self.db.ping().await
    }

    fn connections(&self) -> (u32, u32) {
        self.db.connections()
    }

    async fn tidy(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let answers = idempotency::tidy(&self.db, now).await?;
        Ok(answers + self.forget(now - SIGN_INS_KEPT).await?)
    }
}
